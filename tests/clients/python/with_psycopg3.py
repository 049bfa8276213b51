"""psycopg 3: parameters and results in text and in binary, server-side cursors, pipelines, COPY."""

import psycopg
from known import ORDINARY, ROWS, SALES, UNEQUAL, same
from psycopg.rows import dict_row

connection = psycopg.connect("")

for binary in (False, True):
    with connection.cursor(binary=binary, row_factory=dict_row) as cursor:
        found = cursor.execute("SELECT * FROM every_type ORDER BY id").fetchall()
        assert cursor.pgresult.fformat(0) == int(binary)
        for row, wanted in zip(found, ROWS, strict=True):
            same(row, wanted)

    # Each column is found again by its own value, sent in text and in binary; once often enough to become prepared.
    kind = "%b" if binary else "%t"
    for name, value in ORDINARY.items():
        if name in UNEQUAL:
            continue
        cast = "::integer[]" if name == "numbers" else ""
        for _ in range(7 if name == "amount" else 1):
            found = connection.execute(f"SELECT id FROM every_type WHERE {name} = {kind}{cast}", [value]).fetchall()
            assert found == [(1,)], (name, found)

    with connection.cursor("sales", binary=binary) as cursor:
        cursor.execute("SELECT id, amount FROM fct_sales WHERE id < %s ORDER BY id", [10_000])
        assert [row[0] for row in cursor.fetchmany(3)] == [0, 1, 2]
        cursor.itersize = 3000
        assert len(list(cursor)) == 9_997

    with connection.cursor("tables", binary=binary) as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relnamespace = 'main'::regnamespace AND relkind = 'r' ORDER BY 1")
        assert cursor.fetchall() == [("every_type",), ("fct_sales",)]

    with connection.cursor() as cursor:
        form = "BINARY" if binary else "TEXT"
        with cursor.copy(f"COPY (SELECT id, amount, label FROM every_type ORDER BY id) TO STDOUT (FORMAT {form})") as copy:
            copy.set_types(["int4", "numeric", "text"])
            assert list(copy.rows()) == [tuple(row[name] for name in ("id", "amount", "label")) for row in ROWS]

with connection.pipeline():
    counts = [connection.execute("SELECT count(*) FROM fct_sales WHERE id < %s", [number]) for number in range(20)]
assert [cursor.fetchone()[0] for cursor in counts] == list(range(20))

rows = connection.cursor().stream("SELECT id FROM fct_sales ORDER BY id")
assert [row[0] for row in rows] == list(range(SALES))

# Over TLS, by a goodbye that libpq 17 waits for.
connection.cancel_safe()

try:
    connection.execute("SELECT amount / (id - 1) FROM every_type")
    raise AssertionError("a division by zero went through")
except psycopg.errors.DivisionByZero:
    connection.rollback()

connection.close()
