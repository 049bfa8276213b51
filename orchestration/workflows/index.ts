/** Everything that the worker bundles. Workflow code imports nothing that touches the world. */
export { automation } from "./automation.ts";
export { backfill } from "./backfill.ts";
export { feeder } from "./feeder.ts";
export { maintenance } from "./maintenance.ts";
export { materialize } from "./materialize.ts";
export { sensor } from "./sensor.ts";
