import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { addStream } from "../assets/add-stream.ts";
import { configuredCatalog } from "../assets/catalog.ts";
import { loadProject } from "../assets/project.ts";
import { errorsOf, makeProject, ORDERS, withOrders } from "./support/project-fixture.ts";

describe("configuredCatalog", () => {
  test("makes a configured stream from fields alone", async () => {
    const dir = await makeProject(withOrders({}));
    expect(await configuredCatalog({ dir }, "shop")).toEqual({
      streams: [
        {
          stream: {
            name: "orders",
            json_schema: {
              $schema: "http://json-schema.org/draft-07/schema#",
              type: "object",
              additionalProperties: true,
              properties: ORDERS.fields,
            },
            supported_sync_modes: ["full_refresh", "incremental"],
          },
          sync_mode: "incremental",
          destination_sync_mode: "append",
          cursor_field: ["updated_at"],
          primary_key: [["id"]],
        },
      ],
    });
  });

  test("passes on what the source was discovered to offer", async () => {
    const discovered = {
      name: "orders",
      json_schema: { type: "object", properties: { id: { type: "integer" }, extra: { type: "string" } } },
      supported_sync_modes: ["full_refresh"],
      source_defined_cursor: true,
      source_defined_primary_key: [["id"]],
    };
    const dir = await makeProject(withOrders({ "dag/sources/shop/orders.json": discovered }));
    const { streams } = await configuredCatalog({ dir }, "shop");
    expect(streams[0]?.stream).toEqual(discovered);
  });

  test("leaves out deselected streams and its own file, and keeps one whose SQL is at fault", async () => {
    const dir = await makeProject(
      withOrders({
        "dag/streams/shop/_catalog.json": { streams: [] },
        "dag/streams/shop/refunds.json": { stream: "refunds", selected: false },
        "processed/shop/int_shop__orders.sql": "SELECT nonsense FROM stg_shop__orders",
      }),
    );
    const { streams } = await configuredCatalog({ dir }, "shop");
    expect(streams.map(({ stream }) => stream.name)).toEqual(["orders"]);
  });

  test("fails rather than leave out a stream whose config is at fault", async () => {
    const dir = await makeProject(withOrders({ "dag/streams/shop/a.json": { stream: "a", nonsense: 1 } }));
    await expect(configuredCatalog({ dir }, "shop")).rejects.toMatchObject({
      code: "PROJECT_INVALID",
      message: expect.stringContaining("dag/streams/shop/a.json:3: Unknown key nonsense."),
    });
  });

  test("says that a source has no streams", async () => {
    const dir = await makeProject({});
    await expect(configuredCatalog({ dir }, "shop")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("addStream", () => {
  const AIRBYTE = [
    { name: "_airbyte_raw_id", type: "VARCHAR" },
    { name: "_airbyte_extracted_at", type: "TIMESTAMP WITH TIME ZONE" },
    { name: "year", type: "BIGINT" },
  ];

  test("says simple columns with fields alone, and the landing table has their types again", async () => {
    const dir = await makeProject({});
    const columns = [
      { name: "id", type: "BIGINT" },
      { name: "name", type: "VARCHAR" },
      { name: "price", type: "DOUBLE" },
      { name: "paid", type: "BOOLEAN" },
      { name: "day_of_birth", type: "DATE" },
      { name: "opens", type: "TIME" },
      { name: "local", type: "TIMESTAMP" },
      { name: "at", type: "TIMESTAMP WITH TIME ZONE" },
      { name: "huge", type: "DECIMAL(38,0)" },
    ];
    const written = await addStream({
      dir,
      source: "shop",
      stream: "items",
      columns: [...columns, ...AIRBYTE],
    });
    expect(written).toEqual(["dag/streams/shop/items.json"]);
    const project = await loadProject(dir);
    expect(errorsOf(project)).toEqual([]);
    expect(project.streams[0]?.landing.columns.slice(0, columns.length)).toEqual(columns);
    expect(project.streams[0]?.landing.columns.filter(({ name }) => name === "year")).toHaveLength(1);
  });

  test("writes a landing DDL for types that fields cannot say, taken as they are", async () => {
    const dir = await makeProject({});
    const columns = [
      { name: "id", type: "INTEGER" },
      { name: 'odd "name"', type: "DECIMAL(7,2)" },
      { name: "tags", type: "VARCHAR[]" },
      { name: "address", type: 'STRUCT(street VARCHAR, "zip code" INTEGER)' },
    ];
    const written = await addStream({ dir, source: "shop", stream: "items", columns });
    expect(written).toEqual(["dag/streams/shop/items.json", "landing/shop/stg_shop__items.sql"]);
    const project = await loadProject(dir);
    expect(errorsOf(project)).toEqual([]);
    expect(project.streams[0]?.landing.columns.slice(0, columns.length)).toEqual(columns);
    expect(project.streams[0]?.landing.file).toBe("landing/shop/stg_shop__items.sql");
  });

  test("keeps another type of an Airbyte column through a landing DDL", async () => {
    const dir = await makeProject({});
    const meta = { name: "_airbyte_meta", type: "STRUCT(sync_id BIGINT)" };
    const columns = [{ name: "id", type: "BIGINT" }, meta];
    const written = await addStream({ dir, source: "shop", stream: "items", columns });
    expect(written).toHaveLength(2);
    const project = await loadProject(dir);
    expect(project.streams[0]?.landing.columns).toContainEqual(meta);
  });

  test("takes key, cursor and modes from the source", async () => {
    const dir = await makeProject({
      "dag/sources/shop/orders.json": {
        name: "orders",
        json_schema: { properties: ORDERS.fields },
        supported_sync_modes: ["full_refresh", "incremental"],
        default_cursor_field: ["updated_at"],
        source_defined_primary_key: [["id"]],
      },
    });
    await addStream({ dir, source: "shop", stream: "orders", fromSource: true });
    const project = await loadProject(dir);
    expect(errorsOf(project)).toEqual([]);
    expect(project.streams[0]).toMatchObject({
      primaryKey: ["id"],
      cursorField: "updated_at",
      syncMode: "incremental",
      destinationSyncMode: "append",
    });
  });

  test("a source without incremental sync is overwritten by each full refresh", async () => {
    const dir = await makeProject({
      "dag/sources/shop/orders.json": {
        json_schema: { properties: ORDERS.fields },
        supported_sync_modes: ["full_refresh"],
      },
    });
    await addStream({ dir, source: "shop", stream: "orders", fromSource: true });
    const [stream] = (await loadProject(dir)).streams;
    expect(stream).toMatchObject({ syncMode: "full_refresh", destinationSyncMode: "overwrite" });
  });

  test("overwrites nothing, and leaves nothing half written", async () => {
    const dir = await makeProject({ "landing/shop/stg_shop__items.sql": "-- mine" });
    const columns = [{ name: "price", type: "DECIMAL(7,2)" }];
    await expect(addStream({ dir, source: "shop", stream: "items", columns })).rejects.toMatchObject({
      code: "PROJECT_INVALID",
      message: expect.stringContaining("landing/shop/stg_shop__items.sql is already there"),
    });
    expect(await readFile(join(dir, "landing/shop/stg_shop__items.sql"), "utf8")).toBe("-- mine");
    await expect(readFile(join(dir, "dag/streams/shop/items.json"))).rejects.toThrow("ENOENT");
  });

  test.each(["../up", "a/b", "", "a b", ".hidden"])("refuses the name %j", async (stream) => {
    const dir = await makeProject({});
    await expect(addStream({ dir, source: "shop", stream, columns: [] })).rejects.toMatchObject({
      code: "PROJECT_INVALID",
    });
  });

  test("says that the source does not offer the stream", async () => {
    const dir = await makeProject({});
    await expect(
      addStream({ dir, source: "shop", stream: "orders", fromSource: true }),
    ).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining("dag/sources/shop/orders.json"),
    });
  });
});
