import { dayMs, dayOf, firstDay, type SampleStream, sampleStreams } from "./calendar.ts";
import type { Emission } from "./emissions.ts";
import { Random } from "./random.ts";
import type { Row } from "./rows.ts";

/** A raw file to be written: where it goes, and its rows. */
export interface RawFile {
  stream: SampleStream;
  /** `raw/{source}/{stream}/year=YYYY/month=MM/day=DD/{yyyy}_{mm}_{dd}_{epoch_ms}_{part}.parquet` */
  key: string;
  rows: Row[];
}

/** A file holds at most this many rows. */
const rowsPerFile = 5_000;

/** Where a sync's rows are cut: the number of the first row of each file. */
export function cuts(emission: Emission): number[] {
  const { count, sync } = emission;
  const files = Math.min(count, Math.max(sync.parts, Math.ceil(count / rowsPerFile)));
  return Array.from({ length: files }, (_, part) => Math.floor((part * count) / files));
}

/** The files of one sync, each made when it is asked for. */
export function* rawFiles(seed: number, emission: Emission): Generator<RawFile> {
  const { sync } = emission;
  const starts = cuts(emission);
  for (const [part, start] of starts.entries()) {
    const end = starts[part + 1] ?? emission.count;
    const rows: Row[] = [];
    for (let number = start; number < end; number++) {
      rows.push({ ...emission.row(number), ...airbyteColumns(seed, emission, number) });
    }
    yield { stream: sync.stream, key: rawKey(sync.stream, sync.labelledAt, part), rows };
  }
}

/** The name that Airbyte's S3 destination gives to a part of a sync. Parts count from 0 and are not padded. */
export function rawKey(stream: SampleStream, at: number, part: number): string {
  const [year, month, day] = new Date(firstDay + dayOf(at) * dayMs).toISOString().slice(0, 10).split("-");
  const folder = `raw/${stream}/year=${year}/month=${month}/day=${day}`;
  return `${folder}/${year}_${month}_${day}_${at}_${part}.parquet`;
}

function airbyteColumns(seed: number, emission: Emission, number: number): Row {
  const { sync } = emission;
  const stream = sampleStreams.indexOf(sync.stream);
  return {
    _airbyte_raw_id: new Random(seed, 20 + stream, sync.index, number).uuid(),
    _airbyte_extracted_at: new Date(emission.extractedAt(number)).toISOString(),
    _airbyte_meta: JSON.stringify({ sync_id: 1000 + sync.index, changes: [] }),
    _airbyte_generation_id: 1,
  };
}
