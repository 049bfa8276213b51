import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { finished } from "node:stream/promises";
import { type SecureContext, TLSSocket } from "node:tls";
import { PgError } from "./pg-error.ts";
import { errorResponse } from "./wire/messages.ts";

/** What a client says first, once the connection is as secure as it is going to be. */
export type Greeting =
  | { kind: "session"; stream: Duplex; version: number; parameters: Map<string, string> }
  /** `bytes`: all of the request, to be passed on. */
  | { kind: "cancel"; stream: Duplex; key: string; bytes: Buffer };

// https://www.postgresql.org/docs/18/protocol-message-formats.html
const CANCEL_REQUEST = 80_877_102;
const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;
/** A TLS client hello, without asking first. */
const TLS_HANDSHAKE = 0x16;
const LARGEST = 10_000;
const YES = Buffer.from("S");
const NO = Buffer.from("N");

/**
 * Hears a new connection out: what it is there for, over TLS where it asks for that. Null for one that leaves, or that
 * has been told why it is not let in.
 */
export async function hear(
  socket: Socket,
  secrets: SecureContext,
  mustBeSecret: boolean,
): Promise<Greeting | null> {
  const line: Line = { stream: socket };
  try {
    return await hearOn(line, socket, secrets, mustBeSecret);
  } catch (error) {
    if (error instanceof PgError) {
      line.stream.write(errorResponse(error, "FATAL"));
      await hangUp(line.stream);
    }
    return null;
  }
}

/** Settles when all that was written has gone out, which over TLS takes a while, or never will. */
export async function hangUp(stream: Duplex): Promise<void> {
  stream.end();
  await finished(stream, { readable: false }).catch(() => {});
}

/** What the client is spoken to by: the socket, or TLS over it. */
interface Line {
  stream: Duplex;
}

async function hearOn(
  line: Line,
  socket: Socket,
  secrets: SecureContext,
  mustBeSecret: boolean,
): Promise<Greeting> {
  let secret = false;
  for (;;) {
    const first = await firstByte(line.stream);
    if (first === TLS_HANDSHAKE && !secret) {
      line.stream = await encrypt(socket, secrets);
      secret = true;
      continue;
    }
    const packet = await readPacket(line.stream);
    const code = packet.readInt32BE(4);
    if (code === SSL_REQUEST && !secret) {
      // What came behind it unencrypted could be somebody else's (CVE-2021-23214).
      if (socket.readableLength > 0)
        throw new PgError("08P01", "received unencrypted data after SSL request");
      socket.write(YES);
      line.stream = await encrypt(socket, secrets);
      secret = true;
    } else if (code === SSL_REQUEST || code === GSS_REQUEST) line.stream.write(NO);
    else if (code === CANCEL_REQUEST)
      return { kind: "cancel", stream: line.stream, key: packet.toString("hex", 8), bytes: packet };
    else if (code >> 16 === 3) {
      if (mustBeSecret && !secret)
        throw new PgError("28000", "connections from other machines have to be encrypted", {
          hint: "Connect with sslmode=require.",
        });
      return {
        kind: "session",
        stream: line.stream,
        version: code,
        parameters: readParameters(packet.subarray(8)),
      };
    } else throw new PgError("0A000", `unsupported frontend protocol ${code >> 16}.${code & 0xffff}`);
  }
}

function encrypt(socket: Socket, secureContext: SecureContext): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secret = new TLSSocket(socket, {
      isServer: true,
      secureContext,
      ALPNProtocols: ["postgresql"],
    });
    secret.once("secure", () => resolve(secret));
    secret.once("error", reject);
    secret.once("close", () => reject(new Error("the client left")));
  });
}

function readParameters(body: Buffer): Map<string, string> {
  const parts = body.toString("utf8").split("\0");
  const parameters = new Map<string, string>();
  for (let index = 0; index + 1 < parts.length && parts[index] !== ""; index += 2)
    parameters.set(parts[index] as string, parts[index + 1] as string);
  return parameters;
}

async function firstByte(stream: Duplex): Promise<number> {
  const byte = await readBytes(stream, 1);
  stream.unshift(byte);
  return byte[0] as number;
}

async function readPacket(stream: Duplex): Promise<Buffer> {
  const length = await readBytes(stream, 4);
  const size = length.readInt32BE();
  if (size < 8 || size > LARGEST) throw new PgError("08P01", "invalid length of startup packet");
  return Buffer.concat([length, await readBytes(stream, size - 4)]);
}

/** Exactly so many bytes; what follows stays in the stream. */
function readBytes(stream: Duplex, count: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const attempt = () => {
      const bytes = stream.read(count) as Buffer | null;
      // At its end a stream gives what is left.
      if (bytes?.length === count) finish(() => resolve(bytes));
      else if (bytes !== null) gone();
    };
    const gone = () => finish(() => reject(new Error("the client left")));
    const finish = (then: () => void) => {
      stream.off("readable", attempt);
      stream.off("end", gone);
      stream.off("close", gone);
      stream.off("error", gone);
      then();
    };
    stream.on("readable", attempt);
    stream.on("end", gone);
    stream.on("close", gone);
    stream.on("error", gone);
    attempt();
  });
}
