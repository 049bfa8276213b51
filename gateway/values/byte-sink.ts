const firstSize = 1 << 16;

/** Bytes on their way to a client: a buffer that grows. Whoever writes asks for room first, then moves `offset`. */
export class ByteSink {
  buffer: Buffer;
  offset = 0;

  constructor(size = firstSize) {
    this.buffer = Buffer.allocUnsafeSlow(size);
  }

  /** Makes room for `count` more bytes; `buffer` is another one afterwards where there was none. */
  ensure(count: number): void {
    const needed = this.offset + count;
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.offset);
    this.buffer = larger;
  }

  /** What was written since the last call. The bytes stay as they are: the sink goes on behind them. */
  take(): Buffer {
    const written = this.buffer.subarray(0, this.offset);
    // A socket may hold on to what was written, so that it is not written over.
    const rest = this.buffer.subarray(this.offset);
    this.buffer = rest.length >= firstSize ? rest : Buffer.allocUnsafeSlow(firstSize);
    this.offset = 0;
    return written;
  }

  writeByte(value: number): void {
    this.ensure(1);
    this.buffer[this.offset++] = value;
  }

  writeInt16(value: number): void {
    this.ensure(2);
    putInt16(this.buffer, this.offset, value);
    this.offset += 2;
  }

  writeInt32(value: number): void {
    this.ensure(4);
    putInt32(this.buffer, this.offset, value);
    this.offset += 4;
  }

  /** One byte a character: what is ASCII. */
  writeAscii(text: string): void {
    const length = text.length;
    this.ensure(length);
    const { buffer, offset } = this;
    for (let index = 0; index < length; index++) buffer[offset + index] = text.charCodeAt(index);
    this.offset = offset + length;
  }

  writeText(text: string): void {
    this.ensure(text.length * 3);
    this.offset += this.buffer.write(text, this.offset);
  }

  writeBytes(bytes: Uint8Array): void {
    this.ensure(bytes.length);
    this.buffer.set(bytes, this.offset);
    this.offset += bytes.length;
  }
}

/** Big-endian, as everything on the wire. */
export function putInt16(buffer: Buffer, offset: number, value: number): void {
  buffer[offset] = value >>> 8;
  buffer[offset + 1] = value;
}

export function putInt32(buffer: Buffer, offset: number, value: number): void {
  buffer[offset] = value >>> 24;
  buffer[offset + 1] = value >>> 16;
  buffer[offset + 2] = value >>> 8;
  buffer[offset + 3] = value;
}
