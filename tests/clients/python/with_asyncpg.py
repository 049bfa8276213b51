"""asyncpg: everything in binary, prepared statements, cursors, a pool that resets its connections, COPY."""

import asyncio
import io
import json

import asyncpg
from known import ORDINARY, ROWS, SALES, UNEQUAL, same


async def set_up(connection):
    await connection.set_type_codec("json", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")


async def types(connection):
    rows = await connection.fetch("SELECT * FROM every_type ORDER BY id")
    for found, wanted in zip(rows, ROWS, strict=True):
        found = dict(found)
        # asyncpg has its own UUID, which is one.
        found["code"] = found["code"] and wanted["code"].__class__(str(found["code"]))
        same(found, wanted)
    for name, value in ORDINARY.items():
        if name in UNEQUAL:
            continue
        statement = await connection.prepare(f"SELECT id FROM every_type WHERE {name} = $1")
        assert await statement.fetchval(value) == 1, name
        assert await statement.fetchval(value) == 1, name


async def cursors(connection):
    async with connection.transaction():
        seen = [row["id"] async for row in connection.cursor("SELECT id FROM fct_sales ORDER BY id", prefetch=9000)]
        assert seen == list(range(SALES))
        cursor = await connection.cursor("SELECT id FROM fct_sales WHERE id >= $1 ORDER BY id", 500)
        assert [row["id"] for row in await cursor.fetch(2)] == [500, 501]
        assert await cursor.forward(10) == 10
        assert (await cursor.fetchrow())["id"] == 512


async def copies(connection):
    out = io.BytesIO()
    await connection.copy_from_query("SELECT id, label FROM every_type WHERE id <> $1 ORDER BY id", 2, output=out, format="csv")
    assert out.getvalue() == b"1,Ann\n3,\n", out.getvalue()
    out = io.BytesIO()
    await connection.copy_from_table("fct_sales", columns=["id"], output=out)
    assert sorted(map(int, out.getvalue().split())) == list(range(SALES))


async def pooled():
    async with asyncpg.create_pool(min_size=1, max_size=3, init=set_up) as pool:

        async def count(number):
            async with pool.acquire() as connection:
                await connection.execute("SET application_name = 'changed'")
                return await connection.fetchval("SELECT count(*) FROM fct_sales WHERE id < $1", number)

        assert await asyncio.gather(*map(count, range(12))) == list(range(12))
        async with pool.acquire() as connection:
            assert await connection.fetchval("SHOW application_name") != "changed"


async def main():
    connection = await asyncpg.connect()
    await set_up(connection)
    await types(connection)
    await cursors(connection)
    await copies(connection)
    await connection.close()
    await pooled()


asyncio.run(main())
