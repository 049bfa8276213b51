import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { forgetPostgresEnvironment } from "../common/postgres-environment.ts";
import { environmentOf } from "./support/environment.ts";
import { ShadowFixture } from "./support/shadow-fixture.ts";

let fixture: ShadowFixture;

beforeAll(async () => {
  fixture = await ShadowFixture.open();
  await fixture.inLake("CREATE TABLE orders AS SELECT 1 AS id");
});

afterAll(() => fixture.close());

/** What somebody may have set for psql. The first three keep libpq from the catalog, each by itself. */
const FOR_PSQL = {
  PGHOSTADDR: "192.0.2.1",
  PGSERVICE: "warehouse",
  PGSSLMODE: "require",
  PGOPTIONS: "-c no_such_setting=1",
  PGCLIENTENCODING: "LATIN1",
  PGTZ: "Asia/Tokyo",
};

describe("what is set for psql", () => {
  test("does not reach a command's way to the catalog", { timeout: 300_000 }, async () => {
    const { connections, folder } = fixture.isolation;
    const { stdout } = await execa("node", ["bin/lotus.mjs", "sql", "SELECT id FROM orders", "--csv"], {
      env: { ...environmentOf(connections, folder), ...FOR_PSQL },
    });
    expect(stdout).toMatch(/^id\s+1$/);
  });

  test("is what begins with PG, in capitals, and nothing else", () => {
    const rest = { PATH: "/bin", LOTUS_CATALOG_URL: "postgres://db", pgtz: "UTC", PG: "x", XPGHOST: "y" };
    const environment: NodeJS.ProcessEnv = { ...FOR_PSQL, ...rest, PGPASSWORD: "secret" };
    forgetPostgresEnvironment(environment);
    expect(environment).toEqual(rest);
  });
});
