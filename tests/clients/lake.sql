-- The lake that clients read: each type that a lake has, and tables of some length.
CREATE TABLE every_type (
  id INTEGER,
  flag BOOLEAN,
  tiny TINYINT,
  small SMALLINT,
  big BIGINT,
  huge HUGEINT,
  unsigned UBIGINT,
  single FLOAT,
  double DOUBLE,
  amount DECIMAL(18, 2),
  label VARCHAR,
  bytes BLOB,
  day DATE,
  clock TIME,
  moment TIMESTAMP,
  instant TIMESTAMP WITH TIME ZONE,
  span INTERVAL,
  code UUID,
  document JSON,
  parts STRUCT(a INTEGER, b VARCHAR),
  labels MAP(VARCHAR, INTEGER),
  numbers INTEGER[],
  words VARCHAR[],
  amounts DECIMAL(10, 2)[]
);
INSERT INTO every_type VALUES
  (1, true, 7, 300, 5000000000, 170141183460469231731687303715884105, 18446744073709551615, 1.5, 0.1,
   1234.50, 'Ann', '\x00\xFFa'::BLOB, '2026-02-28', '12:34:56.789', '2026-01-02 03:04:05.678901',
   '2026-07-01 12:00:00+00', INTERVAL '1 year 2 months 3 days 04:05:06', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
   '{"k": [1, null]}', {a: 1, b: 'x'}, MAP {'one': 1}, [1, NULL, 3], ['plain', 'a "b", c', NULL, ''], [1.50, -2]),
  (2, false, -128, -32768, -9223372036854775808, -1, 0, -2.5, 1e300, -0.01, 'Zoë "quoted" \ '', 猫', ''::BLOB,
   '1969-12-31', '00:00:00', '1969-12-31 23:59:59.999999', '1969-12-31 23:59:59.5+00', INTERVAL '-1 day',
   '00000000-0000-0000-0000-000000000000', 'null', {a: NULL, b: ''}, MAP {}, [], [], []),
  (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
   NULL, NULL, NULL, NULL, NULL);

CREATE TABLE fct_sales (id BIGINT, customer VARCHAR, amount DECIMAL(18, 2), day DATE);
INSERT INTO fct_sales
  SELECT i, 'customer ' || i % 10, (i % 1000) / 100, DATE '2026-01-01' + (i % 365)::INTEGER FROM range(100000) rows(i);
