/** Names that Temporal's UI, the API and scripts rely on. Imported by workflows: knows nothing of the world. */

export const taskQueue = "lotus";

/** Search attributes by which Temporal's UI can be filtered; all of type Keyword. */
export const searchAttributes = {
  asset: "LotusAsset",
  stream: "LotusStream",
  trigger: "LotusTrigger",
} as const;

export const automationId = "automation";

/** The id of the schedule, and of a run that a person starts. */
export const maintenanceId = "maintenance";

export function sensorId(source: string, stream: string): string {
  return `sensor/${source}/${stream}`;
}

export function feederId(source: string, stream: string): string {
  return `feeder/${source}/${stream}`;
}

export function materializeId(asset: string): string {
  return `materialize/${asset}`;
}

export function backfillId(id: string): string {
  return `backfill/${id}`;
}

/** What made a run start. */
export type Trigger = "sensor" | "automation" | "manual" | "code-change" | "maintenance" | "backfill";
