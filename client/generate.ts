import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { argv } from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { openApiDocument } from "../api/openapi.ts";

/** Where the types of the API stand, for the client and the console. */
export const schemaFile = fileURLToPath(new URL("schema.d.ts", import.meta.url));

const HEAD = `// Made from the API's OpenAPI document by \`npm run client\`.
// biome-ignore-all format: generated
// biome-ignore-all lint: generated

`;

interface Generator {
  default(document: object, options: { defaultNonNullable: boolean }): Promise<readonly unknown[]>;
  astToString(nodes: readonly unknown[]): string;
}

/** The types of the API as its OpenAPI document says them now. */
export async function generateSchema(): Promise<string> {
  // It needs a TypeScript that the console has.
  const { resolve } = createRequire(new URL("../console/package.json", import.meta.url));
  const { default: generate, astToString } = (await import(
    pathToFileURL(resolve("openapi-typescript")).href
  )) as Generator;
  const nodes = await generate(await openApiDocument("any"), { defaultNonNullable: false });
  return HEAD + astToString(nodes);
}

if (argv[1] === fileURLToPath(import.meta.url)) writeFileSync(schemaFile, await generateSchema());
