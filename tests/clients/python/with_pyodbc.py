"""pyodbc over psqlODBC, as Excel and Power BI's ODBC connector use it: results whole, and in pieces through cursors."""

import os
import sys
from datetime import date, datetime, time
from decimal import Decimal

import pyodbc

pyodbc.pooling = False
env = os.environ


def connect(**options):
    given = {
        "DRIVER": sys.argv[1],
        "SERVER": env["PGHOST"],
        "PORT": env["PGPORT"],
        "DATABASE": env["PGDATABASE"],
        "UID": env["PGUSER"],
        "PWD": "{" + env["PGPASSWORD"] + "}",
        "SSLmode": env["PGSSLMODE"],
        **options,
    }
    return pyodbc.connect(";".join(f"{name}={value}" for name, value in given.items()), autocommit=False)


for options in ({}, {"UseDeclareFetch": "1", "Fetch": "1000"}, {"UseServerSidePrepare": "0", "Protocol": "7.4-0"}):
    connection = connect(**options)
    cursor = connection.cursor()

    columns = "id, flag, small, big, huge, single, double, amount, label, bytes, day, clock, moment, code, words"
    rows = [tuple(row) for row in cursor.execute(f"SELECT {columns} FROM every_type ORDER BY id").fetchall()]
    assert rows[0] == (
        1, "1", 300, 5_000_000_000, Decimal("170141183460469231731687303715884105"), 1.5, 0.1, Decimal("1234.50"),
        "Ann", b"\x00\xffa", date(2026, 2, 28), time(12, 34, 56, 789_000), datetime(2026, 1, 2, 3, 4, 5, 678_901),
        "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", '{plain,"a \\"b\\", c",NULL,""}',
    ), rows[0]
    assert rows[1][8] == "Zoë \"quoted\" \\ ', 猫", rows[1]
    assert rows[2] == (3, *[None] * 14), rows[2]

    found = cursor.execute("SELECT id FROM fct_sales ORDER BY id").fetchall()
    assert [row[0] for row in found] == list(range(100_000))

    parameters = [date(2026, 3, 1), "customer 9", 500, Decimal("9.50")]
    sql = "SELECT count(*), sum(amount) FROM fct_sales WHERE day >= ? AND customer = ? AND id > ? AND amount < ?"
    for _ in range(3):
        counted = cursor.execute(sql, parameters).fetchone()
        assert counted[0] > 0, counted

    # A failed statement inside of a transaction: the driver goes back to its savepoint.
    try:
        cursor.execute("SELECT 1 / (id - id) FROM fct_sales").fetchall()
        raise AssertionError("a division by zero went through")
    except pyodbc.Error as error:
        assert "division by zero" in str(error), error
    connection.rollback()

    assert [(row.table_schem, row.table_name) for row in cursor.tables(schema="main")] == [
        ("main", "every_type"),
        ("main", "fct_sales"),
    ]
    described = [(row.column_name, row.type_name, row.nullable) for row in cursor.columns(table="fct_sales")]
    assert described == [("id", "int8", 0), ("customer", "text", 1), ("amount", "numeric", 1), ("day", "date", 1)], described
    assert [row.column_name for row in cursor.primaryKeys(table="fct_sales")] == ["id"]
    connection.close()
