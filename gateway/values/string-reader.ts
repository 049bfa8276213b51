import duckdb, { type Vector } from "@duckdb/node-bindings";
import { vectorData, wordSize } from "./vector-data.ts";

/** Strings up to this many bytes stand in the vector itself. */
const inlineLength = 12;
const entrySize = 16;
/**
 * Strings that begin no further apart than this are fetched in one go. What lies between them is memory as well: it is
 * on the page of the one or of the other.
 */
const greatestGap = 2_048;

/** Bytes that were fetched, and the addresses that they come from. */
interface Region {
  /** Where its first string begins. */
  start: number;
  /** Where its last one begins. */
  last: number;
  /** Behind the one that reaches furthest. */
  end: number;
  bytes: Uint8Array;
}

const nowhere: Region = { start: 0, last: -1, end: 0, bytes: new Uint8Array() };

/**
 * The bytes of a VARCHAR or BLOB vector. A call into DuckDB costs as much as copying 500 bytes, so that long strings are
 * fetched by the region that they lie in, not one by one.
 */
export class StringReader {
  /** Where the last located string stands. */
  source: Uint8Array = nowhere.bytes;
  start = 0;
  length = 0;
  #entries = new Uint8Array();
  #words = new Uint32Array();
  #regions: Region[] = [];
  #region: Region = nowhere;

  /** `isNull`: an entry of NULL holds anything. */
  bind(vector: Vector, rows: number, isNull: (row: number) => boolean): void {
    this.#entries = vectorData(vector, rows, entrySize);
    this.#words = new Uint32Array(this.#entries.buffer, this.#entries.byteOffset, rows * 4);
    this.#region = nowhere;
    this.#regions = this.#fetch(rows, isNull);
  }

  locate(row: number): void {
    const length = this.#words[row * 4] as number;
    this.length = length;
    if (length <= inlineLength) {
      this.source = this.#entries;
      this.start = row * entrySize + 4;
      return;
    }
    const address = this.#address(row);
    let region = this.#region;
    if (!holds(region, address)) {
      region = this.#regions[indexOfRegion(this.#regions, address)] as Region;
      this.#region = region;
    }
    this.source = region.bytes;
    this.start = address - region.start;
  }

  #address(row: number): number {
    return (this.#words[row * 4 + 2] as number) + (this.#words[row * 4 + 3] as number) * wordSize;
  }

  #fetch(rows: number, isNull: (row: number) => boolean): Region[] {
    const isLong = (row: number) => (this.#words[row * 4] as number) > inlineLength && !isNull(row);
    const regions = this.#regionStarts(rows, isLong);
    if (regions.length === 0) return regions;
    const firstRows = new Int32Array(regions.length);
    let index = 0;
    for (let row = 0; row < rows; row++) {
      if (!isLong(row)) continue;
      const address = this.#address(row);
      let region = regions[index] as Region;
      if (!holds(region, address)) {
        index = indexOfRegion(regions, address);
        region = regions[index] as Region;
      }
      if (address === region.start) firstRows[index] = row;
      region.end = Math.max(region.end, address + (this.#words[row * 4] as number));
    }
    regions.forEach((region, place) => {
      const pointer = this.#entries.byteOffset + (firstRows[place] as number) * entrySize + 8;
      const buffer = this.#entries.buffer as ArrayBuffer;
      region.bytes = duckdb.get_data_from_pointer(buffer, pointer, region.end - region.start);
    });
    return regions;
  }

  /** Regions whose ends are still to be found. */
  #regionStarts(rows: number, isLong: (row: number) => boolean): Region[] {
    const addresses = new Float64Array(rows);
    let count = 0;
    let isSorted = true;
    for (let row = 0; row < rows; row++) {
      if (!isLong(row)) continue;
      const address = this.#address(row);
      if (count > 0 && address < (addresses[count - 1] as number)) isSorted = false;
      addresses[count++] = address;
    }
    const sorted = addresses.subarray(0, count);
    if (!isSorted) sorted.sort();
    const regions: Region[] = [];
    let region = nowhere;
    for (const address of sorted) {
      if (region === nowhere || address > region.last + greatestGap) {
        region = { start: address, last: address, end: address, bytes: nowhere.bytes };
        regions.push(region);
      }
      region.last = address;
    }
    return regions;
  }
}

/** Whether a string that begins there is one of the region's. */
function holds(region: Region, address: number): boolean {
  return address >= region.start && address <= region.last;
}

/** The last region that begins at the address or before. */
function indexOfRegion(regions: readonly Region[], address: number): number {
  let low = 0;
  let high = regions.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((regions[middle] as Region).start <= address) low = middle;
    else high = middle - 1;
  }
  return low;
}
