"""SQLAlchemy: what reflection finds, and core statements over reflected tables."""

from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from known import ORDINARY, SALES

engines = [sa.create_engine(f"postgresql+{driver}://") for driver in ("psycopg2", "psycopg")]
for engine in engines:
    inspector = sa.inspect(engine)
    assert inspector.get_schema_names() == ["information_schema", "lotus_gateway", "main", "staging"]
    assert inspector.default_schema_name == "main"
    assert sorted(inspector.get_table_names()) == ["every_type", "fct_sales"]
    assert inspector.get_view_names() == []
    assert inspector.get_table_comment("fct_sales") == {"text": "One row per sale."}
    assert inspector.get_pk_constraint("fct_sales")["constrained_columns"] == ["id"]
    assert inspector.get_foreign_keys("fct_sales") == []
    assert inspector.get_check_constraints("fct_sales") == []
    assert inspector.has_table("fct_sales") and not inspector.has_table("ducklake_table")
    comments = {column["name"]: column["comment"] for column in inspector.get_columns("fct_sales")}
    assert comments == {"id": None, "customer": None, "amount": "What the customer paid.", "day": None}
    types = {column["name"]: column["type"].compile(engine.dialect) for column in inspector.get_columns("every_type")}
    assert list(types) == list(ORDINARY)
    assert (types["amount"], types["words"], types["document"]) == ("NUMERIC(18, 2)", "TEXT[]", "JSON"), types

    metadata = sa.MetaData()
    metadata.reflect(engine, only=["fct_sales", "every_type"])
    sales, every = metadata.tables["fct_sales"], metadata.tables["every_type"]
    with engine.connect() as connection:
        month = sa.func.date_trunc("month", sales.c.day).label("month")
        statement = (
            sa.select(month, sa.func.count().label("sales"), sa.func.sum(sales.c.amount).filter(sales.c.id < 1000))
            .where(sales.c.day.between(date(2026, 1, 1), date(2026, 2, 28)), sales.c.customer.in_(["customer 1", "customer 2"]))
            .group_by(month)
            .order_by(month)
        )
        rows = connection.execute(statement).fetchall()
        assert [row.month.date() for row in rows] == [date(2026, 1, 1), date(2026, 2, 1)]
        found = connection.execute(sa.select(sa.func.count(), sa.func.sum(sales.c.amount)).select_from(sales)).one()
        assert found == (SALES, Decimal("499500.00")), found
        row = connection.execute(sa.select(every.c.words, every.c.document).where(sa.literal("plain") == sa.any_(every.c.words))).one()
        assert row == (ORDINARY["words"], ORDINARY["document"]), row
        page = sa.select(sales.c.id).order_by(sales.c.id.desc().nulls_last()).limit(2).offset(1)
        assert connection.execute(page).scalars().all() == [SALES - 2, SALES - 3]
        streamed = connection.execution_options(yield_per=10_000).execute(sa.select(sales.c.id))
        assert sum(1 for _ in streamed) == SALES
    engine.dispose()
