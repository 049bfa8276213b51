import { type PgNode, readTree } from "../analysis/tree.ts";
import type { PgFunction } from "../catalog.ts";
import { PgError, unsupported } from "../pg-error.ts";
import { castConstant, constantExpression, parameterExpression } from "./constant.ts";
import { type Expression, expression, numericExpression, text, unified } from "./expression.ts";
import { isReckoned } from "./functions/comparison.ts";
import { convert } from "./functions/conversion.ts";
import { toPrecision } from "./functions/date-and-time.ts";
import { aggregates, functions, type Site, windowFunctions } from "./functions/registry.ts";
import { rowFunctions, setFunctions } from "./functions/sets.ts";
import { macro } from "./macros.ts";
import type { QueryTranslator } from "./query.ts";
import { chosenQuotient } from "./quotient.ts";
import type { Scope } from "./scope.ts";
import { direction, requireSortable } from "./sorting.ts";
import { type SymmetricSum, symmetricSum } from "./symmetric-aggregate.ts";
import { arrayOf, commonShape, decimal, duckdbType, elementType, oid } from "./types.ts";
import { windowFrame } from "./window-frame.ts";

/** Prints the scalar expressions of one query level. */
export class ExpressionTranslator {
  readonly #queries: QueryTranslator;
  readonly #scope: Scope;
  /** What stands for the tested value inside of `CASE x WHEN ...`, innermost last. */
  readonly #tested: Expression[] = [];
  /** What stands for the columns of the subquery in `x = ANY (SELECT ...)`, innermost last. */
  readonly #subqueryColumns: Expression[][] = [];
  /** Columns of this level, outside of aggregates, that are no keys of its GROUP BY. */
  readonly ungrouped = new Set<string>();
  /** The lists that functions among the outputs return as rows. */
  readonly sets: string[] = [];
  #aggregates = 0;

  constructor(queries: QueryTranslator, scope: Scope) {
    this.#queries = queries;
    this.#scope = scope;
  }

  get site(): Site {
    return { context: this.#queries.context, resultType: 0, collation: 0 };
  }

  /** Throws a PgError that names the first thing that DuckDB cannot say with Postgres's meaning. */
  translate(node: PgNode): Expression {
    switch (node.tag) {
      case "VAR":
        return this.#variable(node);
      case "CONST":
        return constantExpression(node);
      case "PARAM":
        return this.#parameter(node);
      case "FUNCEXPR":
        return this.#function(node);
      case "OPEXPR":
        return this.#operator(node, node.nodes("args"));
      case "DISTINCTEXPR":
        return this.#distinct(node);
      case "NULLIFEXPR":
        return this.#nullIf(node);
      case "SCALARARRAYOPEXPR":
        return this.#arrayOperator(node);
      case "BOOLEXPR":
        return this.#boolean(node);
      case "NULLTEST":
        return this.#nullTest(node);
      case "BOOLEANTEST":
        return this.#booleanTest(node);
      case "CASEEXPR":
        return this.#case(node);
      case "CASETESTEXPR":
        return last(this.#tested);
      case "COALESCEEXPR":
        return this.#unifiedCall("coalesce", node.nodes("args"));
      case "MINMAXEXPR":
        requireSortable(node.number("minmaxtype"), this.#queries.context.catalog);
        return this.#unifiedCall(node.number("op") === 0 ? "greatest" : "least", node.nodes("args"));
      case "RELABELTYPE":
        return this.#relabel(node);
      case "COERCEVIAIO":
        return convert(
          this.translate(node.node("arg")),
          node.number("resulttype"),
          this.#queries.context.catalog,
        );
      case "ARRAYCOERCEEXPR":
        return this.#arrayCoercion(node);
      case "COLLATEEXPR":
        requireByteOrder(node.number("collOid"));
        return this.translate(node.node("arg"));
      case "ARRAYEXPR":
        return this.#array(node);
      case "SUBSCRIPTINGREF":
        return this.#subscript(node);
      case "ROWEXPR":
        return this.#row(node);
      case "FIELDSELECT":
        return this.#field(node);
      case "ROWCOMPAREEXPR":
        return this.#rowComparison(node);
      case "SQLVALUEFUNCTION":
        return this.#sqlValue(node);
      case "NAMEDARGEXPR":
        return this.translate(node.node("arg"));
      case "AGGREF":
        return this.#aggregate(node);
      case "WINDOWFUNC":
        return this.#window(node);
      case "GROUPINGFUNC":
        return this.#grouping(node);
      case "SUBLINK":
        return this.#subquery(node);
      default:
        throw unsupported(node.tag);
    }
  }

  #variable(node: PgNode): Expression {
    const scope = this.#scope.up(node.number("varlevelsup"));
    const index = node.number("varno");
    const attribute = node.number("varattno");
    if (attribute === 0) return this.#wholeRow(node, scope, index);
    const value = this.#column(scope, index, attribute);
    if (value.type !== node.number("vartype")) {
      throw new PgError("XX000", "a column of another type than analysed");
    }
    if (scope === this.#scope && this.#aggregates === 0 && scope.entry(index).number("rtekind") !== 9) {
      this.ungrouped.add(value.sql);
    }
    return value;
  }

  /** `t` of `FROM t`: where no outer join can leave it out. */
  #wholeRow(node: PgNode, scope: Scope, index: number): Expression {
    if (!node.has("varnullingrels") || node.list("varnullingrels").length > 0)
      throw unsupported("a whole row of the side of an outer join that may be missing");
    const names = scope.columnNames(index);
    if (names === null) throw unsupported("a whole row as a value");
    const fields = [...names].map(([attribute, name]) => ({
      name,
      value: this.#column(scope, index, attribute),
    }));
    if (scope === this.#scope && this.#aggregates === 0)
      for (const { value } of fields) this.ungrouped.add(value.sql);
    return rowOf(fields, node.number("vartype"));
  }

  #row(node: PgNode): Expression {
    const names = node.texts("colnames");
    const fields = node.nodes("args").map((argument, index) => ({
      name: names[index] ?? `f${index + 1}`,
      value: this.translate(argument),
    }));
    return rowOf(fields, node.number("row_typeid"));
  }

  #field(node: PgNode): Expression {
    const field = this.translate(node.node("arg")).row?.[node.number("fieldnum") - 1];
    if (field === undefined || field.value.type !== node.number("resulttype"))
      throw unsupported("a field of this row");
    return field.value;
  }

  #column(scope: Scope, index: number, attribute: number): Expression {
    const source = scope.source(index);
    if (source !== null) return source(attribute);
    const entry = scope.entry(index);
    const kind = entry.number("rtekind");
    const list = kind === 2 ? "joinaliasvars" : kind === 9 ? "groupexprs" : null;
    if (list === null) throw unsupported(`a column of a FROM item of kind ${kind}`);
    const node = entry.nodes(list)[attribute - 1];
    if (node === undefined) throw unsupported(attribute === 0 ? "a whole row as a value" : "a system column");
    return new ExpressionTranslator(this.#queries, scope).translate(node);
  }

  #parameter(node: PgNode): Expression {
    const number = node.number("paramid");
    switch (node.number("paramkind")) {
      case 0: {
        const literal = this.#queries.context.parameters[number - 1];
        if (literal === undefined)
          throw new PgError("08P01", `there is no value for the parameter $${number}`);
        return parameterExpression(literal, node.number("paramtype"));
      }
      case 2: {
        const column = last(this.#subqueryColumns)[number - 1];
        if (column === undefined) throw new PgError("XX000", "a column of a subquery that there is not");
        return column;
      }
      default:
        throw unsupported("this kind of parameter");
    }
  }

  #function(node: PgNode): Expression {
    const called = this.#queries.context.catalog.function(node.number("funcid"));
    if (node.boolean("funcretset")) {
      const rows = this.set(node);
      this.sets.push(rows.sql);
      return { ...rows, sql: `unnest(${rows.sql})` };
    }
    // An array in place of the arguments; those of json_extract_path always come as one.
    if (node.boolean("funcvariadic") && !called.signature.endsWith(",_text)"))
      throw unsupported(`${called.signature} with VARIADIC`);
    const cast = castConstant(called.signature, node.nodes("args"));
    if (cast !== null) return cast;
    const values = this.#byPosition(node.nodes("args"));
    const site = {
      ...this.site,
      resultType: node.number("funcresulttype"),
      collation: node.number("inputcollid"),
    };
    return this.call(called, values, site);
  }

  /** `make_interval(days => 1)`: what is left out is undefined, for its default. */
  #byPosition(nodes: PgNode[]): Expression[] {
    const values: Expression[] = [];
    nodes.forEach((node, index) => {
      values[node.tag === "NAMEDARGEXPR" ? node.number("argnumber") : index] = this.translate(node);
    });
    return values;
  }

  /** The rows that a function returns, as a list; typed as one of its items. */
  set(node: PgNode): Expression {
    const called = this.#queries.context.catalog.function(node.number("funcid"));
    const translator = setFunctions.get(called.signature);
    if (translator === undefined) throw unsupported(`the function ${called.signature}`);
    requireByteOrder(node.number("inputcollid"));
    const values = node.nodes("args").map((argument) => this.translate(argument));
    return checked(
      translator(values, { ...this.site, resultType: node.number("funcresulttype") }),
      node.number("funcresulttype"),
    );
  }

  /** The rows of a function that returns several columns, a list for each; null of all other functions. */
  rows(node: PgNode): Expression[] | null {
    const called = this.#queries.context.catalog.function(node.number("funcid"));
    const translator = rowFunctions.get(called.signature);
    return translator?.(node.nodes("args").map((argument) => this.translate(argument))) ?? null;
  }

  /** A call of a function on translated arguments. */
  call(called: PgFunction, values: Expression[], site: Site): Expression {
    const translator = functions.get(called.signature);
    if (translator === undefined) throw unsupported(`the function ${called.signature}`);
    requireByteOrder(site.collation);
    return checked(translator(values, site), site.resultType);
  }

  #operator(node: PgNode, operands: PgNode[]): Expression {
    const symmetric = symmetricSum(node, this.#queries.context.catalog);
    const difference = symmetric === null ? null : this.#symmetricSum(symmetric);
    if (difference !== null) return difference;
    const values = operands.map((operand) => this.translate(operand));
    return this.#operation(
      node.number("opno"),
      values,
      node.number("opresulttype"),
      node.number("inputcollid"),
    );
  }

  /** Null where the two sums are not over the same. */
  #symmetricSum({ value, highs, lows, filters }: SymmetricSum): Expression | null {
    this.#aggregates += 1;
    const [high, otherHigh] = highs.map((each) => this.translate(each).sql);
    const [low, otherLow] = lows.map((each) => this.translate(each).sql);
    const [filter, otherFilter] = filters.map((each) => (each === null ? null : this.translate(each).sql));
    const summed = this.translate(value);
    this.#aggregates -= 1;
    if (
      high !== otherHigh ||
      low !== otherLow ||
      filter !== otherFilter ||
      summed.numeric?.kind !== "decimal"
    )
      return null;
    if (summed.numeric.scale > 0) throw unsupported("a symmetric sum of numbers with decimals");
    const hash = `(CAST(${high} AS HUGEINT) * 18446744073709551616 + CAST(${low} AS HUGEINT))`;
    const condition = filter === null ? "" : ` FILTER (WHERE ${filter})`;
    const lists = [`CAST(${summed.sql} AS HUGEINT) + ${hash}`, hash].map(
      (each) => `list(DISTINCT ${each})${condition}`,
    );
    const shape = decimal(38, 0);
    return numericExpression(
      `CAST(${macro("symmetric_sum", ...lists)} AS ${duckdbType(oid.numeric, shape)})`,
      shape,
    );
  }

  #operation(operatorOid: number, values: Expression[], resultType: number, collation: number): Expression {
    const operator = this.#queries.context.catalog.operator(operatorOid);
    const translator = functions.get(operator.signature);
    if (translator === undefined) throw unsupported(`the operator ${operator.signature}`);
    requireByteOrder(collation);
    return checked(translator(values, { ...this.site, resultType, collation }), resultType);
  }

  #distinct(node: PgNode): Expression {
    const [left, right] = node.nodes("args").map((operand) => this.translate(operand));
    if (left === undefined || right === undefined)
      throw new PgError("XX000", "IS DISTINCT FROM without operands");
    const equal = this.#operation(node.number("opno"), [left, right], oid.bool, node.number("inputcollid"));
    // The operator is translated for the sake of its checks: what it compares has to be comparable.
    return expression(
      `(CASE WHEN ${left.sql} IS NULL OR ${right.sql} IS NULL THEN (${left.sql} IS NULL) <> (${right.sql} IS NULL) ELSE NOT ${equal.sql} END)`,
      oid.bool,
    );
  }

  #nullIf(node: PgNode): Expression {
    const [left, right] = node.nodes("args").map((operand) => this.translate(operand));
    if (left === undefined || right === undefined) throw new PgError("XX000", "NULLIF without operands");
    const equal = this.#operation(node.number("opno"), [left, right], oid.bool, node.number("inputcollid"));
    const type = duckdbType(left.type, left.numeric);
    return {
      ...left,
      ...unknownValue,
      sql: `(CASE WHEN ${equal.sql} THEN CAST(NULL AS ${type}) ELSE ${left.sql} END)`,
      ...chosenQuotient([left], ([part]) => `(CASE WHEN NOT coalesce(${equal.sql}, FALSE) THEN ${part} END)`),
    };
  }

  /** `x op ANY (array)`, `x op ALL (array)`; of a list of constants what is printed is the comparison with each. */
  #arrayOperator(node: PgNode): Expression {
    const [scalarNode, arrayNode] = node.nodes("args");
    if (scalarNode === undefined || arrayNode === undefined)
      throw new PgError("XX000", "ANY without operands");
    const scalar = this.translate(scalarNode);
    const any = node.boolean("useOr");
    const operatorOid = node.number("opno");
    const name = this.#queries.context.catalog.operator(operatorOid).name;
    const compare = (value: Expression, item: Expression) =>
      this.#operation(operatorOid, [value, item], oid.bool, node.number("inputcollid")).sql;
    if (arrayNode.tag === "ARRAYEXPR" && !arrayNode.boolean("multidims")) {
      const items = arrayNode.nodes("elements").map((item) => this.translate(item));
      const compared = items.map((item) => compare(scalar, item));
      const listed = ((any && name === "=") || (!any && name === "<>")) && !isReckoned(scalar);
      if (items.length > 0 && listed && sameKind(scalar, items)) {
        return expression(
          `(${scalar.sql} ${any ? "IN" : "NOT IN"} (${items.map((item) => item.sql).join(", ")}))`,
          oid.bool,
        );
      }
      const empty = any ? "FALSE" : "TRUE";
      return expression(
        compared.length === 0 ? empty : `(${compared.join(any ? " OR " : " AND ")})`,
        oid.bool,
      );
    }
    const array = this.translate(arrayNode);
    const element = elementType(array.type);
    if (element === null) throw unsupported("ANY of this type");
    // Three-valued, as Postgres: NULL where no item decides and one is unknown.
    const item: Expression = { sql: "item", type: element, numeric: array.numeric };
    const list = `list_transform(${array.sql}, lambda item : ${compare(scalar, item)})`;
    const decisive = any ? "TRUE" : "FALSE";
    return expression(
      `(CASE WHEN ${array.sql} IS NULL THEN NULL WHEN list_contains(${list}, ${decisive}) THEN ${decisive} ` +
        `WHEN len(list_filter(${list}, lambda verdict : verdict IS NULL)) > 0 THEN NULL ELSE NOT ${decisive} END)`,
      oid.bool,
    );
  }

  #boolean(node: PgNode): Expression {
    const values = node.nodes("args").map((argument) => this.translate(argument).sql);
    switch (node.text("boolop")) {
      case "and":
        return expression(`(${values.join(" AND ")})`, oid.bool);
      case "or":
        return expression(`(${values.join(" OR ")})`, oid.bool);
      case "not":
        return expression(`(NOT ${values.join("")})`, oid.bool);
      default:
        throw unsupported("this boolean operator");
    }
  }

  #nullTest(node: PgNode): Expression {
    const value = this.translate(node.node("arg"));
    if (node.boolean("argisrow")) {
      if (value.row === undefined || value.row.some((field) => field.value.row !== undefined))
        throw unsupported("IS NULL of this row");
      const test = node.number("nulltesttype") === 0 ? "IS NULL" : "IS NOT NULL";
      const tests = value.row.map((field) => `${field.value.sql} ${test}`);
      return expression(tests.length === 0 ? "TRUE" : `(${tests.join(" AND ")})`, oid.bool);
    }
    return expression(
      `(${value.presence ?? value.sql} IS ${node.number("nulltesttype") === 0 ? "NULL" : "NOT NULL"})`,
      oid.bool,
    );
  }

  #booleanTest(node: PgNode): Expression {
    const value = this.translate(node.node("arg")).sql;
    const test = [
      `(${value} IS NOT DISTINCT FROM TRUE)`,
      `(${value} IS DISTINCT FROM TRUE)`,
      `(${value} IS NOT DISTINCT FROM FALSE)`,
      `(${value} IS DISTINCT FROM FALSE)`,
      `(${value} IS NULL)`,
      `(${value} IS NOT NULL)`,
    ][node.number("booltesttype")];
    if (test === undefined) throw unsupported("this test of a boolean");
    return expression(test, oid.bool);
  }

  #case(node: PgNode): Expression {
    const argument = node.nodeOrNull("arg");
    if (argument !== null) this.#tested.push(this.translate(argument));
    const branches = node.nodes("args").map((branch) => ({
      when: this.translate(branch.node("expr")).sql,
      result: this.translate(branch.node("result")),
    }));
    if (argument !== null) this.#tested.pop();
    const otherwise = node.nodeOrNull("defresult");
    const results = branches.map((branch) => branch.result);
    if (otherwise !== null) results.push(this.translate(otherwise));
    const { sqls, shape } = unified(results);
    const choose = (parts: readonly string[]) => {
      const lines = branches.map((branch, index) => `WHEN ${branch.when} THEN ${parts[index]}`);
      if (otherwise !== null) lines.push(`ELSE ${parts[branches.length]}`);
      return `(CASE ${lines.join(" ")} END)`;
    };
    const type = node.number("casetype");
    return { sql: choose(sqls), type, numeric: shape, ...chosenQuotient(results, choose) };
  }

  #unifiedCall(name: string, nodes: PgNode[]): Expression {
    const values = nodes.map((node) => this.translate(node));
    const { sqls, shape } = unified(values);
    const [first] = values;
    if (first === undefined) throw new PgError("XX000", `${name} of nothing`);
    const result = { sql: `${name}(${sqls.join(", ")})`, type: first.type, numeric: shape };
    if (name !== "coalesce") return result;
    const choose = (parts: readonly string[]) =>
      `(CASE ${parts.map((part, index) => `WHEN ${sqls[index]} IS NOT NULL THEN ${part}`).join(" ")} END)`;
    return { ...result, ...chosenQuotient(values, choose) };
  }

  #relabel(node: PgNode): Expression {
    const value = this.translate(node.node("arg"));
    const type = node.number("resulttype");
    requireByteOrder(node.number("resultcollid"));
    if (value.type === type) return value;
    if (value.row !== undefined && type === oid.record) return { ...value, type };
    if (type === oid.bpchar && [oid.text, oid.varchar].some((each) => each === value.type))
      return expression(`rtrim(${value.sql}, ' ')`, type);
    const texts: readonly number[] = [oid.text, oid.varchar, oid.name];
    const alike = texts.includes(value.type) && texts.includes(type);
    const arrays = [elementType(value.type), elementType(type)].every(
      (each) => each !== null && texts.includes(each),
    );
    const { catalog } = this.#queries.context;
    if (!alike && !arrays) {
      throw unsupported(`the cast from ${catalog.typeName(value.type)} to ${catalog.typeName(type)}`);
    }
    return { ...value, type };
  }

  #arrayCoercion(node: PgNode): Expression {
    const value = this.translate(node.node("arg"));
    const type = node.number("resulttype");
    const from = elementType(value.type);
    const to = elementType(type);
    if (from === null || to === null) throw unsupported("this cast of an array");
    this.#tested.push({ sql: "item", type: from, numeric: value.numeric });
    const item = this.translate(node.node("elemexpr"));
    this.#tested.pop();
    const sql = `list_transform(${value.sql}, lambda item : ${item.sql})`;
    const known = value.constant !== undefined && item.constant === undefined;
    return { sql, type, numeric: item.numeric, ...(known ? { constant: sql } : {}) };
  }

  #array(node: PgNode): Expression {
    if (node.boolean("multidims")) throw unsupported("an array of arrays");
    const elements = node.nodes("elements").map((element) => this.translate(element));
    const { sqls, shape } = unified(elements);
    const type = node.number("array_typeid");
    const sql = `CAST([${sqls.join(", ")}] AS ${duckdbType(type, shape)})`;
    const known = elements.every((element) => element.constant !== undefined);
    return { sql, type, numeric: shape, ...(known ? { constant: sql } : {}) };
  }

  #subscript(node: PgNode): Expression {
    if (node.value("refassgnexpr") !== null) throw unsupported("an assignment");
    const array = this.translate(node.node("refexpr"));
    const element = elementType(array.type);
    const upper = node.nodesOrNulls("refupperindexpr");
    if (element === null || upper.length !== 1) throw unsupported("this subscript");
    const index = (bound: PgNode | null | undefined, missing: string) =>
      bound === null || bound === undefined ? missing : this.translate(bound).sql;
    const to = index(upper[0], `len(${array.sql})`);
    if (node.list("reflowerindexpr").length === 0) {
      // An index of 0 or less is outside in Postgres; in DuckDB it counts from the end.
      const sql = `(CASE WHEN ${to} > 0 THEN list_extract(${array.sql}, ${to}) END)`;
      return { sql, type: element, numeric: array.numeric };
    }
    const from = index(node.nodesOrNulls("reflowerindexpr")[0], "1");
    const sql = `(CASE WHEN ${to} IS NULL OR ${from} IS NULL OR ${array.sql} IS NULL THEN NULL WHEN ${to} < 1 THEN list_slice(${array.sql}, 2, 1) ELSE list_slice(${array.sql}, greatest(${from}, 1), ${to}) END)`;
    return { sql, type: array.type, numeric: array.numeric };
  }

  /** `(a, b) < (c, d)`: equality of rows is taken apart by Postgres itself. */
  #rowComparison(node: PgNode): Expression {
    const operators = node.numbers("opnos");
    const left = node.nodes("largs").map((argument) => this.translate(argument));
    const right = node.nodes("rargs").map((argument) => this.translate(argument));
    const { catalog } = this.#queries.context;
    const compare = (index: number, name: string): string => {
      const [one, other] = [left[index], right[index]];
      if (one === undefined || other === undefined) throw new PgError("XX000", "rows of different lengths");
      requireSortable(one.type, catalog);
      requireSortable(other.type, catalog);
      return `(${one.sql} ${name} ${other.sql})`;
    };
    const names = operators.map((each) => catalog.operator(each).name);
    if (names.some((name) => !["<", "<=", ">", ">="].includes(name)))
      throw unsupported("this comparison of rows");
    const strict = (name: string) => name.slice(0, 1);
    const from = (index: number): string => {
      const name = names[index] ?? "";
      if (index === names.length - 1) return compare(index, name);
      // The first pair that is not equal decides, and an unknown one before it makes all unknown.
      return `(CASE WHEN ${compare(index, "=")} THEN ${from(index + 1)} ELSE ${compare(index, strict(name))} END)`;
    };
    return expression(from(0), oid.bool);
  }

  #sqlValue(node: PgNode): Expression {
    const { context } = this.#queries;
    const precision = node.number("typmod");
    const now = (type: number, sql: string) => toPrecision(expression(sql, type), precision);
    switch (node.number("op")) {
      case 0:
        return expression("current_date", oid.date);
      case 3:
        return expression("now()", oid.timestamptz);
      case 4:
        return now(oid.timestamptz, "now()");
      case 5:
        return expression("CAST(CAST(now() AS TIMESTAMP) AS TIME)", oid.time);
      case 7:
        return expression("CAST(now() AS TIMESTAMP)", oid.timestamp);
      case 8:
        return now(oid.timestamp, "CAST(now() AS TIMESTAMP)");
      case 9:
      case 10:
      case 11:
      case 12:
        return expression(text(context.user), oid.name);
      case 13:
        return expression(text(context.database), oid.name);
      case 14:
        return expression("'main'", oid.name);
      default:
        throw unsupported("this value of the session");
    }
  }

  #aggregate(node: PgNode): Expression {
    if (node.number("agglevelsup") !== 0) throw unsupported("an aggregate of an outer query");
    this.#aggregates += 1;
    const value = this.#aggregateOf(node);
    this.#aggregates -= 1;
    return value;
  }

  #aggregateOf(node: PgNode): Expression {
    const called = this.#queries.context.catalog.function(node.number("aggfnoid"));
    const distinct = node.nodes("aggdistinct").length > 0;
    const entries = node
      .nodes("args")
      .map((entry) => (called.signature === "count(any)" && !distinct ? counted(entry) : entry));
    const values = entries
      .filter((entry) => !entry.boolean("resjunk"))
      .map((entry) => this.translate(entry.node("expr")));
    const direct = node.nodes("aggdirectargs").map((argument) => this.translate(argument));
    const { catalog } = this.#queries.context;
    const order = node.nodes("aggorder").map((clause) => {
      const reference = clause.number("tleSortGroupRef");
      const entry = entries.find((each) => each.number("ressortgroupref") === reference);
      if (entry === undefined)
        throw new PgError("XX000", "ORDER BY of an aggregate names a column that there is not");
      const value = this.translate(entry.node("expr"));
      requireSortable(value.type, catalog);
      return { ...value, sql: `${value.sql} ${direction(clause, catalog)}` };
    });
    if (distinct) {
      for (const value of values.flatMap((each) => each.row?.map((field) => field.value) ?? [each]))
        requireSortable(value.type, catalog);
      // Postgres finds what is distinct by sorting.
      const [first] = values;
      if (order.length === 0 && first !== undefined && first.row === undefined)
        order.push({ ...first, sql: `${first.sql} ASC NULLS LAST` });
    }
    const filter = node.nodeOrNull("aggfilter");
    return this.#aggregateCall(called, [...direct, ...values], {
      distinct,
      order: order.map((value) => value.sql),
      filter: filter === null ? null : this.translate(filter).sql,
      over: "",
      type: node.number("aggtype"),
      collation: node.number("inputcollid"),
    });
  }

  #aggregateCall(
    called: PgFunction,
    values: Expression[],
    form: {
      distinct: boolean;
      order: string[];
      filter: string | null;
      over: string;
      type: number;
      collation: number;
    },
  ): Expression {
    const translator = aggregates.get(called.signature);
    if (translator === undefined) throw unsupported(`the aggregate ${called.signature}`);
    requireByteOrder(form.collation);
    const filter = form.filter === null ? "" : ` FILTER (WHERE ${form.filter})`;
    const print = (name: string, operands: string[], options: { order?: boolean } = {}) => {
      const order =
        form.order.length > 0 && options.order !== false ? ` ORDER BY ${form.order.join(", ")}` : "";
      return `${name}(${form.distinct ? "DISTINCT " : ""}${operands.join(", ")}${order})${filter}${form.over}`;
    };
    const site = { ...this.site, resultType: form.type, collation: form.collation };
    return checked(translator(values, { ...site, print, ...form }), form.type);
  }

  #window(node: PgNode): Expression {
    const { catalog } = this.#queries.context;
    const called = catalog.function(node.number("winfnoid"));
    const values = node.nodes("args").map((argument) => this.translate(argument));
    const filter = node.nodeOrNull("aggfilter");
    const over = ` OVER (${this.#windowClause(node.number("winref"))})`;
    const type = node.number("wintype");
    const collation = node.number("inputcollid");
    if (called.kind === "aggregate") {
      const printedFilter = filter === null ? null : this.translate(filter).sql;
      return this.#aggregateCall(called, values, {
        distinct: false,
        order: [],
        filter: printedFilter,
        over,
        type,
        collation,
      });
    }
    const translator = windowFunctions.get(called.signature);
    if (translator === undefined) throw unsupported(`the window function ${called.signature}`);
    requireByteOrder(collation);
    return checked(translator(values, { ...this.site, resultType: type, collation, over }), type);
  }

  #windowClause(reference: number): string {
    const { query } = this.#scope;
    const { catalog } = this.#queries.context;
    const clause = query.nodes("windowClause").find((each) => each.number("winref") === reference);
    if (clause === undefined) throw new PgError("XX000", "a window that there is not");
    const key = (sorted: PgNode) => {
      const target = sorted.number("tleSortGroupRef");
      const entry = query.nodes("targetList").find((each) => each.number("ressortgroupref") === target);
      if (entry === undefined) throw new PgError("XX000", "a window names a column that there is not");
      const value = this.translate(entry.node("expr"));
      requireSortable(value.type, catalog);
      return value;
    };
    const partition = clause.nodes("partitionClause").map((each) => key(each).sql);
    const order = clause.nodes("orderClause").map((each) => `${key(each).sql} ${direction(each, catalog)}`);
    const offset = (field: string) => {
      const bound = clause.nodeOrNull(field);
      return bound === null ? null : this.translate(bound);
    };
    const ordered = clause.nodes("orderClause").map((each) => key(each).type);
    const frame = windowFrame(
      clause.number("frameOptions"),
      offset("startOffset"),
      offset("endOffset"),
      ordered,
      this.#queries.context,
    );
    const parts = [];
    if (partition.length > 0) parts.push(`PARTITION BY ${partition.join(", ")}`);
    if (order.length > 0) parts.push(`ORDER BY ${order.join(", ")}`);
    if (frame !== null) parts.push(frame);
    return parts.join(" ");
  }

  #grouping(node: PgNode): Expression {
    if (node.number("agglevelsup") !== 0) throw unsupported("GROUPING of an outer query");
    const values = node.nodes("args").map((argument) => this.translate(argument).sql);
    return expression(`CAST(grouping(${values.join(", ")}) AS INTEGER)`, oid.int4);
  }

  #subquery(node: PgNode): Expression {
    const { sql, columns } = this.#queries.query(node.node("subselect"), this.#scope);
    const [first] = columns;
    switch (node.number("subLinkType")) {
      case 0:
        return expression(`EXISTS (${sql})`, oid.bool);
      case 1:
      case 2:
        return this.#quantified(node, sql, columns, node.number("subLinkType") === 2);
      case 4:
        if (first === undefined) throw unsupported("a subquery without columns");
        return { sql: `(${sql})`, ...first };
      case 6: {
        if (first === undefined) throw unsupported("a subquery without columns");
        const type = arrayOf(first.type);
        const alias = this.#queries.alias("q");
        return {
          sql: `coalesce((SELECT list(${alias}.c1) FROM (${sql}) AS ${alias}), CAST([] AS ${duckdbType(type, first.numeric)}))`,
          type,
          numeric: first.numeric,
        };
      }
      default:
        throw unsupported("this kind of subquery");
    }
  }

  /** `x op ANY (SELECT ...)` and `x op ALL (SELECT ...)`, with what is unknown as Postgres has it. */
  #quantified(
    node: PgNode,
    sql: string,
    columns: readonly Pick<Expression, "type" | "numeric">[],
    any: boolean,
  ): Expression {
    const alias = this.#queries.alias("q");
    this.#subqueryColumns.push(
      columns.map((column, index) => ({ sql: `${alias}.c${index + 1}`, ...column })),
    );
    const test = node.node("testexpr");
    const { sql: verdict } = this.translate(test);
    this.#subqueryColumns.pop();
    const equality =
      test.tag === "OPEXPR" && this.#queries.context.catalog.operator(test.number("opno")).name === "=";
    const [left, right] = equality ? test.nodes("args") : [];
    if (any && left !== undefined && right?.tag === "PARAM") {
      const scalar = this.translate(left);
      const [column] = columns;
      if (column !== undefined && scalar.type === column.type && sameShape(scalar, column)) {
        return expression(`(${scalar.sql} IN (${sql}))`, oid.bool);
      }
    }
    const from = `FROM (${sql}) AS ${alias} WHERE`;
    const decisive = any ? "TRUE" : "FALSE";
    return expression(
      `(CASE WHEN EXISTS (SELECT 1 ${from} ${any ? verdict : `NOT ${verdict}`}) THEN ${decisive} ` +
        `WHEN EXISTS (SELECT 1 ${from} ${verdict} IS NULL) THEN NULL ELSE NOT ${decisive} END)`,
      oid.bool,
    );
  }
}

const one = readTree(
  "{TARGETENTRY :expr {CONST :consttype 23 :constlen 4 :constvalue 4 [ 1 0 0 0 0 0 0 0 ]} :resno 1 :ressortgroupref 0 :resjunk false}",
);

/** `count(t)` counts rows: a row of a table that no outer join leaves out is there, whatever is in it. */
function counted(entry: PgNode): PgNode {
  const node = entry.node("expr");
  const row = node.tag === "VAR" && node.number("varattno") === 0 && node.number("varlevelsup") === 0;
  return row && node.has("varnullingrels") && node.list("varnullingrels").length === 0 ? one : entry;
}

function rowOf(fields: readonly { name: string; value: Expression }[], type: number): Expression {
  if (fields.length === 0) throw unsupported("a row without columns");
  const packed = fields.map(({ value }, index) => `f${index + 1} := ${value.sql}`);
  return { sql: `struct_pack(${packed.join(", ")})`, type, numeric: null, row: fields };
}

/** What a copy of an expression with another value must not keep. */
const unknownValue = {
  constant: undefined,
  quotient: undefined,
  document: undefined,
  presence: undefined,
  loose: undefined,
  row: undefined,
} as unknown as Record<never, never>;

function last<T>(items: readonly T[]): T {
  const item = items[items.length - 1];
  if (item === undefined) throw new PgError("XX000", "a placeholder outside of what it stands for");
  return item;
}

function checked(value: Expression, type: number): Expression {
  // Polymorphic and text-like results are as Postgres resolved them; their DuckDB types are the same.
  return value.type === type ? value : { ...value, type };
}

function sameKind(scalar: Expression, items: readonly Expression[]): boolean {
  return items.every((item) => item.type === scalar.type && sameShape(scalar, item));
}

function sameShape(one: Pick<Expression, "numeric">, other: Pick<Expression, "numeric">): boolean {
  return (
    commonShape(one.numeric, other.numeric)?.kind !== "double" || one.numeric?.kind === other.numeric?.kind
  );
}

/** Refuses collations other than by bytes, which is what the shadow database has by default. */
function requireByteOrder(collation: number): void {
  const byBytes = [0, 100, 950, 951, 811, 962];
  if (!byBytes.includes(collation)) throw unsupported("this collation", 'COLLATE "C" is.');
}
