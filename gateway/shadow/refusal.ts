/**
 * The last resort: a statement on a lake table that reaches Postgres's executor fails, instead of finding a table
 * without rows. Tables have one row and a policy that asks this function for each.
 */
export const REFUSAL = {
  policy: "lake tables are read through the gateway only",
  call: "lotus_gateway.refuse()",
  /**
   * VOLATILE: never folded into a constant while a statement is only planned. COST: asked before any condition of the
   * statement's own, which could leave no row to ask for.
   */
  sql: `
    CREATE OR REPLACE FUNCTION lotus_gateway.refuse() RETURNS boolean LANGUAGE plpgsql VOLATILE COST 0.000001 AS $$
    BEGIN
      RAISE EXCEPTION 'lake tables are read through the gateway only' USING ERRCODE = 'feature_not_supported';
    END $$;`,
} as const;
