"""What the rows of every_type are, as Python has them (lake.sql made them)."""

from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

# Columns whose Python type is the same in every driver; the others are told by each.
ORDINARY = {
    "id": 1,
    "flag": True,
    "tiny": 7,
    "small": 300,
    "big": 5_000_000_000,
    "huge": Decimal("170141183460469231731687303715884105"),
    "unsigned": Decimal("18446744073709551615"),
    "single": 1.5,
    "double": 0.1,
    "amount": Decimal("1234.50"),
    "label": "Ann",
    "bytes": b"\x00\xffa",
    "day": date(2026, 2, 28),
    "clock": time(12, 34, 56, 789_000),
    "moment": datetime(2026, 1, 2, 3, 4, 5, 678_901),
    "instant": datetime(2026, 7, 1, 12, tzinfo=timezone.utc),
    # A year has 365 days, a month 30: all three drivers count so.
    "span": timedelta(days=365 + 60 + 3, hours=4, minutes=5, seconds=6),
    "code": UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    "document": {"k": [1, None]},
    "parts": {"a": 1, "b": "x"},
    "labels": {"one": 1},
    "numbers": [1, None, 3],
    "words": ["plain", 'a "b", c', None, ""],
    "amounts": [Decimal("1.50"), Decimal("-2.00")],
}

EXTREME = {
    "id": 2,
    "flag": False,
    "tiny": -128,
    "small": -32768,
    "big": -9_223_372_036_854_775_808,
    "huge": Decimal(-1),
    "unsigned": Decimal(0),
    "single": -2.5,
    "double": 1e300,
    "amount": Decimal("-0.01"),
    "label": "Zoë \"quoted\" \\ ', 猫",
    "bytes": b"",
    "day": date(1969, 12, 31),
    "clock": time(0),
    "moment": datetime(1969, 12, 31, 23, 59, 59, 999_999),
    "instant": datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=timezone.utc),
    "span": timedelta(days=-1),
    "code": UUID(int=0),
    "document": None,
    "parts": {"a": None, "b": ""},
    "labels": {},
    "numbers": [],
    "words": [],
    "amounts": [],
}

NULLS = {name: 3 if name == "id" else None for name in ORDINARY}

ROWS = [ORDINARY, EXTREME, NULLS]

# Columns that cannot be compared with their own value: json has no equality, and a year of Python's has five days more
# than twelve months of Postgres's.
UNEQUAL = {"document", "parts", "labels", "span"}

SALES = 100_000


def same(found, wanted):
    """Fails with the columns that differ, by value or by type."""
    assert list(found) == list(wanted), f"columns {list(found)}"
    for name, value in wanted.items():
        assert found[name] == value and type(found[name]) is type(value), f"{name}: {found[name]!r}, not {value!r}"
