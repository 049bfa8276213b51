#!/usr/bin/env node
// The command `lotus`: makes sure that the packages are there, and the console where it is served, then runs
// cli/main.ts in this process (so signals reach it), with tsx translating TypeScript as it is loaded.
import { ensureConsole, isConsoleBuilt } from "./console.mjs";
import { checkNode, ensureInstalled } from "./install.mjs";

checkNode();
const builds = ["up", "api"].includes(process.argv[2]) && !isConsoleBuilt();
await ensureInstalled({ development: builds });
if (builds) await ensureConsole();
// Node 20 is supported here; the AWS SDK's advice to leave it would greet every user of it.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
const { register } = await import("tsx/esm/api");
register();
await import("../cli/main.ts");
