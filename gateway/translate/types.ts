import { unsupported } from "../pg-error.ts";
import { elementType as elementOf, numericModifier, oids, scalarType, typeName } from "../values/types.ts";

export { scalarType };

/** OIDs of the types that expressions over lake tables have. */
export const oid = oids;

/** What an array type holds; null where the type is no array. */
export function elementType(type: number): number | null {
  return elementOf(type)?.oid ?? null;
}

/** The array of a type. */
export function arrayOf(type: number): number {
  const found = scalarType(type)?.array ?? null;
  if (found === null) throw unsupported(`an array of ${typeName(type)}`);
  return found;
}

/** How a `numeric` is held in DuckDB. A DOUBLE stands for quotients, which DuckDB has no decimals for. */
export type NumericShape =
  | {
      kind: "decimal";
      precision: number;
      scale: number;
      /** The values are numerics of several scales to Postgres: equal numbers, not equal texts. */
      ragged?: true;
    }
  | { kind: "double" };

export type DecimalShape = NumericShape & { kind: "decimal" };

export const double: NumericShape = { kind: "double" };

export function decimal(precision: number, scale: number): DecimalShape {
  if (scale > 38) throw unsupported("a numeric of more than 38 decimals");
  return { kind: "decimal", precision: Math.min(38, precision), scale };
}

/** The DuckDB type that stands for a Postgres type; `numeric` (or an array of it) needs its shape. */
export function duckdbType(type: number, shape: NumericShape | null): string {
  if (type === oid.numeric) {
    if (shape === null) throw unsupported("a numeric of unknown scale");
    return shape.kind === "double" ? "DOUBLE" : `DECIMAL(${shape.precision},${shape.scale})`;
  }
  const element = elementType(type);
  if (element !== null) return `${duckdbType(element, shape)}[]`;
  const found = scalarType(type);
  if (found === null) throw unsupported(`the type ${typeName(type)}`);
  return found.duckdb;
}

/** How a column of this type is held; null where the type has no numerics in it, or none of known scale. */
export function columnShape(type: number, typmod: number): NumericShape | null {
  if ((elementType(type) ?? type) !== oid.numeric) return null;
  const modifier = numericModifier(typmod);
  if (modifier === null) return null;
  const { precision, scale } = modifier;
  if (scale < 0 || scale > precision || precision > 38) throw unsupported(`numeric(${precision},${scale})`);
  return decimal(precision, scale);
}

/** A shape that holds all values of both. */
export function commonShape(one: DecimalShape, other: DecimalShape): DecimalShape;
export function commonShape(one: NumericShape | null, other: NumericShape | null): NumericShape | null;
export function commonShape(one: NumericShape | null, other: NumericShape | null): NumericShape | null {
  if (one === null || other === null) return one ?? other;
  if (one.kind === "double" || other.kind === "double") return double;
  const scale = Math.max(one.scale, other.scale);
  return raggedAs(
    decimal(Math.max(one.precision - one.scale, other.precision - other.scale) + scale, scale),
    one,
    other,
  );
}

/** The shape, ragged where one of those is that it comes of. */
export function raggedAs<Shape extends NumericShape>(shape: Shape, ...from: readonly NumericShape[]): Shape {
  const ragged = from.some((each) => each.kind === "decimal" && each.ragged === true);
  return ragged && shape.kind === "decimal" ? { ...shape, ragged: true } : shape;
}

/** The shape of values of which each row has one or the other. */
export function mixedShape(one: NumericShape | null, other: NumericShape | null): NumericShape | null {
  const shape = commonShape(one, other);
  const scales = [one, other].map((each) => (each?.kind === "decimal" ? each.scale : null));
  const differ = scales[0] !== null && scales[1] !== null && scales[0] !== scales[1];
  return differ && shape?.kind === "decimal" ? { ...shape, ragged: true } : shape;
}
