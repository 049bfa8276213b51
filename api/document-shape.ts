type Schemas = Record<string, unknown>;

/**
 * The generator's document as it is meant to be read. It gives every named schema twice, once for requests as
 * `...Input`: what is used is kept, under one name. It demands bodies that have a default, and repeats formats as
 * patterns of a hundred characters.
 */
export function shapeDocument<T extends object>(document: T): T {
  const { paths, components } = document as { paths?: object; components?: { schemas?: Schemas } };
  const all = components?.schemas ?? {};
  const needed = reachable(paths, all);
  const isTwin = (name: string) => name.endsWith("Input") && !needed.has(name.slice(0, -"Input".length));
  const plain = (name: string) => (isTwin(name) ? name.slice(0, -"Input".length) : name);
  const schemas = Object.fromEntries([...needed].sort().map((name) => [plain(name), all[name]]));
  const whole = { ...document, components: { ...components, schemas } };
  return JSON.parse(JSON.stringify(whole), (key, value) => {
    if (key === "$ref" && typeof value === "string") return SCHEMAS + plain(nameOf(value));
    if (key === "requestBody") return { ...value, required: !hasDefault(value, schemas) };
    if (typeof value?.format === "string") return { ...value, pattern: undefined };
    return value;
  });
}

const SCHEMAS = "#/components/schemas/";

function nameOf(ref: string): string {
  return ref.slice(SCHEMAS.length);
}

interface RequestBody {
  content?: Record<string, { schema?: { $ref?: string; default?: unknown } }>;
}

function hasDefault({ content }: RequestBody, schemas: Schemas): boolean {
  const schema = content?.["application/json"]?.schema;
  const meant = schema?.$ref === undefined ? schema : (schemas[nameOf(schema.$ref)] as typeof schema);
  return meant?.default !== undefined;
}

/** Names of the schemas that something refers to, by way of others too. */
function reachable(from: unknown, schemas: Schemas, found = new Set<string>()): Set<string> {
  if (typeof from !== "object" || from === null) return found;
  for (const [key, value] of Object.entries(from)) {
    const name = key === "$ref" && typeof value === "string" ? nameOf(value) : null;
    if (name === null) reachable(value, schemas, found);
    else if (!found.has(name)) reachable(schemas[name], schemas, found.add(name));
  }
  return found;
}
