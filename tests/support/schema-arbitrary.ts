import fc from "fast-check";

/** The part of JSON Schema that the API's document is made of. */
export interface JsonSchema {
  $ref?: string;
  anyOf?: JsonSchema[];
  const?: unknown;
  enum?: unknown[];
  type?: string | string[];
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  items?: JsonSchema;
  maxItems?: number;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
}

/** Values that are as a schema wants them. `find` looks up what a `$ref` means. */
export function valid(schema: JsonSchema, find: (ref: string) => JsonSchema): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) return valid(find(schema.$ref), find);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((one) => valid(one, find)));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (Array.isArray(schema.type))
    return fc.oneof(...schema.type.map((type) => valid({ ...schema, type }, find)));
  switch (schema.type) {
    case "string":
      return text(schema);
    case "integer":
      return fc.integer({
        min: Math.max(schema.minimum ?? -1000, Number.MIN_SAFE_INTEGER),
        max: Math.min(schema.maximum ?? 1000, 2 ** 31 - 1),
      });
    case "number":
      return fc.double({
        min: schema.exclusiveMinimum ?? schema.minimum ?? 0,
        minExcluded: true,
        max: 5,
        noNaN: true,
      });
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "array":
      return fc.array(valid(schema.items ?? {}, find), { maxLength: Math.min(schema.maxItems ?? 3, 3) });
    case "object":
      return object(schema, find);
    default:
      return fc.jsonValue({ maxDepth: 3 });
  }
}

/** Values that may be anything: mostly as the schema wants them but for one thing. */
export function spoilt(schema: JsonSchema, find: (ref: string) => JsonSchema): fc.Arbitrary<unknown> {
  const any = fc.jsonValue({ maxDepth: 3 });
  const { properties, required } = schema.$ref === undefined ? schema : find(schema.$ref);
  const names = Object.keys(properties ?? {});
  if (names.length === 0) return any;
  const one = fc.tuple(valid(schema, find), fc.constantFrom(...names), any);
  const changed = one.map(([value, name, other]) => ({ ...(value as object), [name]: other }));
  const lacking = one.map(([value, name]) => {
    const { [name]: _, ...rest } = value as Record<string, unknown>;
    return rest;
  });
  return fc.oneof(changed, changed, ...(required?.length ? [lacking] : []), any);
}

function text({ format, pattern, minLength = 0, maxLength = 30 }: JsonSchema): fc.Arbitrary<string> {
  const time = fc.date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true });
  if (format === "date-time") return time.map((date) => date.toISOString());
  if (format === "date") return time.map((date) => date.toISOString().slice(0, 10));
  if (format === "uuid") return fc.uuid();
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern));
  return fc.string({ minLength, maxLength: Math.min(maxLength, minLength + 30), unit: "binary" });
}

function object(
  { properties = {}, required = [], additionalProperties }: JsonSchema,
  find: (ref: string) => JsonSchema,
): fc.Arbitrary<unknown> {
  const values = Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, valid(schema, find)]),
  );
  const named = fc.record(values, { requiredKeys: required });
  if (typeof additionalProperties !== "object") return named;
  const others = fc.dictionary(fc.string({ maxLength: 10 }), valid(additionalProperties, find), {
    maxKeys: 4,
  });
  return fc.tuple(others, named).map(([rest, own]) => ({ ...rest, ...own }));
}
