/** The tables that the differential statements are about, with the rows that dialects differ over. */
export const fixtureSql = `
CREATE TABLE sales (
  id bigint PRIMARY KEY, customer text, amount numeric(18,2), quantity integer, small smallint, price double precision,
  ratio real, day date, sold_at timestamptz, made_at timestamp, clock time, span interval, flag boolean, token uuid,
  doc json, payload bytea, tags text[], numbers integer[], rate numeric(10,4)
);
INSERT INTO sales VALUES
 (1, 'ann', 10.00, 3, 1, 1.5, 0.1, '2026-01-31', '2026-01-31 23:30:00+00', '2026-01-31 23:30:00', '23:30:00', '1 day', true,
  '00000000-0000-0000-0000-000000000001', '{"a": 1, "b": {"c": [1, 2, "x"]}, "s": "text", "n": null, "f": 1.50}', '\\x00ff', '{a,b}', '{1,2,3}', 0.0500),
 (2, 'bob', -10.25, -7, -1, -2.5, -0.25, '2024-02-29', '2024-02-29 12:00:00.123456+00', '2024-02-29 12:00:00.123456', '00:00:00', '1 mon', false,
  'ffffffff-ffff-ffff-ffff-ffffffffffff', '{"a": 2, "b": {"c": []}, "s": "", "t": true}', '\\x', '{}', '{}', 1.0050),
 (3, 'Ann', 0.005, 0, 0, 0.5, 0.5, '2026-03-29', '2026-03-29 01:30:00+00', '2026-03-29 01:30:00', '01:30:00.5', '-1 day', NULL,
  '11111111-2222-3333-4444-555555555555', '[1, 2, 3]', '\\x616263', '{NULL,"x y","q\\"q"}', '{NULL,5}', 2.5000),
 (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
 (5, '', 99999999999999.99, 2147483647, 32767, 1e20, 3.4e38, '1999-12-31', '1999-12-31 23:59:59.999999+00', '1999-12-31 23:59:59.999999', '12:34:56.789', '1 year 2 mons 3 days 04:05:06.789', true,
  'abcdefab-cdef-abcd-efab-cdefabcdefab', '{"a": "1"}', '\\x5c', '{""}', '{2147483647}', -1.0050),
 (6, 'Österreich ß', -99999999999999.99, -2147483648, -32768, 1e-7, 1e-10, '1969-07-20', '1969-07-20 20:17:40+00', '1969-07-20 20:17:40', '06:00:00', '-1 mons +5 days -00:00:01', false,
  NULL, '"just text"', '\\xc3a9', '{ß,日本}', '{-1,0,1}', 0.1250),
 (7, '日本 語', 2.50, 5, 2, 2.5, 2.5, '2025-10-26', '2025-10-26 00:30:00+00', '2025-10-26 02:30:00', '02:30:00', '36:00:00', true,
  NULL, '12.5', NULL, '{a,b,a}', '{3,1,2}', -0.1250),
 (8, 'o''brien "x" \\ y%_', 3.50, 5, 3, 3.5, 3.5, '2025-10-26', '2025-10-26 01:30:00+00', '2025-10-26 02:30:00', '02:30:00.000001', '00:00:00', false,
  NULL, '{"b": 1, "a": 2, "b": 3}', '\\x00', '{b,a}', '{7}', 0.0000),
 (9, 'ann', 10.00, 3, 1, 'NaN', 'NaN', '2026-02-28', '2026-02-28 00:00:00+00', '2026-02-28 00:00:00', '12:00:00', '30 days', true,
  NULL, NULL, NULL, '{a}', '{1}', 0.3333),
 (10, 'bob ', 7.00, 2, 4, '-0', '-0', '2026-12-28', '2026-12-28 10:00:00+00', '2026-12-28 10:00:00', '10:00:00', '100 days', NULL,
  NULL, NULL, NULL, NULL, NULL, 99999.9999),
 (11, E'tab\\there\\nline', 1.00, 1, 5, 'Infinity', '-Infinity', '2027-01-03', '2027-01-03 10:00:00+00', '2027-01-03 10:00:00', '23:59:59.999999', '1 mon -1 day', true,
  NULL, NULL, NULL, NULL, NULL, -99999.9999),
 (12, 'zoë', 1234567.89, 100, 100, 123456.789, 0.333, '2026-07-15', '2026-07-15 12:34:56.789+00', '2026-07-15 12:34:56.789', '12:34:56', '1 year', true,
  NULL, NULL, NULL, NULL, NULL, 12.3450);
CREATE TABLE customers (customer text PRIMARY KEY, name text, country text, since date, score integer);
INSERT INTO customers VALUES ('ann', 'Ann Lee', 'AT', '2020-01-31', 1), ('bob', 'Bob', 'DE', '2021-02-28', NULL),
  ('zoë', 'Zoë', NULL, '2019-12-01', 3), ('', 'Nobody', 'DE', NULL, 1), ('carl', 'Carl', 'CH', '2024-02-29', 2);
CREATE TABLE numbers (n integer PRIMARY KEY);
INSERT INTO numbers SELECT generate_series(-3, 12);
CREATE TABLE nothing (a integer, b text);
CREATE TABLE moments (id integer PRIMARY KEY, day date, at timestamp, zoned timestamptz);
INSERT INTO moments VALUES (1, 'infinity', 'infinity', 'infinity'), (2, '-infinity', '-infinity', '-infinity'),
  (3, '0044-03-15 BC', '0044-03-15 12:00:00 BC', '0044-03-15 12:00:00+00 BC'), (4, '9999-12-31', '9999-12-31 23:59:59.999999', '9999-12-31 23:59:59.999999+00'),
  (5, '0001-01-01', '0001-01-01 00:00:00', '0001-01-01 00:00:00+00'), (6, '2026-03-29', '2026-03-29 02:30:00', '2026-03-29 00:59:59+00'), (7, NULL, NULL, NULL);
`;
