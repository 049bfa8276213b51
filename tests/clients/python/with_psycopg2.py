"""psycopg 2, which psqlODBC's and SQLAlchemy's older siblings are built on: text results, parameters written into the text."""

import io

import psycopg2
import psycopg2.extras
from known import ORDINARY, ROWS, SALES, UNEQUAL, same

psycopg2.extras.register_uuid()
connection = psycopg2.connect("")
assert connection.info.ssl_in_use

with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
    cursor.execute("SELECT * FROM every_type ORDER BY id")
    for found, wanted in zip(cursor.fetchall(), ROWS, strict=True):
        found = {name: bytes(value) if isinstance(value, memoryview) else value for name, value in found.items()}
        same(found, wanted)

# Each column is found again by its own value.
for name, value in ORDINARY.items():
    if name in UNEQUAL:
        continue
    with connection.cursor() as cursor:
        cast = "::numeric[]" if name == "amounts" else ""
        cursor.execute(f"SELECT id FROM every_type WHERE {name} = %s{cast}", [value])
        assert cursor.fetchall() == [(1,)], name

with connection.cursor() as cursor:
    cursor.execute("SELECT id FROM every_type WHERE label IN %s OR id = ANY(%s) ORDER BY id", [("Ann",), [2, 3]])
    assert cursor.fetchall() == [(1,), (2,), (3,)]

with connection.cursor("sales") as cursor:
    cursor.itersize = 7000
    cursor.execute("SELECT id FROM fct_sales ORDER BY id")
    assert [row[0] for row in cursor] == list(range(SALES))

with connection.cursor() as cursor:
    text = io.StringIO()
    cursor.copy_expert("COPY (SELECT id, label, words FROM every_type ORDER BY id) TO STDOUT WITH (FORMAT csv, HEADER)", text)
    assert text.getvalue().splitlines() == [
        "id,label,words",
        '1,Ann,"{plain,""a \\""b\\"", c"",NULL,""""}"',
        "2,\"Zoë \"\"quoted\"\" \\ ', 猫\",{}",
        "3,,",
    ], text.getvalue()

try:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM fct_sales")
    raise AssertionError("a DELETE went through")
except psycopg2.errors.ReadOnlySqlTransaction:
    connection.rollback()

connection.close()
