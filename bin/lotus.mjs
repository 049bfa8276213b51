#!/usr/bin/env node
// The command `lotus`: makes sure that the packages are there, then runs cli/main.ts in this process (so signals
// reach it), with tsx translating TypeScript as it is loaded.
import { checkNode, ensureInstalled } from "./install.mjs";

checkNode();
await ensureInstalled({ development: false });
const { register } = await import("tsx/esm/api");
register();
await import("../cli/main.ts");
