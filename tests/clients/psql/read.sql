SELECT count(*) AS sales, sum(amount) AS total FROM fct_sales \gdesc
SELECT count(*) AS sales, sum(amount) AS total FROM fct_sales \g
SELECT id, label AS name FROM every_type WHERE id = 1 \gset
\echo :id :name
SELECT customer, day, id FROM fct_sales WHERE id < 3 ORDER BY id \crosstabview customer day id
\copy (SELECT id, label, words FROM every_type WHERE id <> 2 ORDER BY id) TO STDOUT CSV HEADER
\copy every_type (id, flag) TO STDOUT
BEGIN;
DECLARE few CURSOR FOR SELECT id FROM fct_sales ORDER BY id;
FETCH 2 FROM few;
COMMIT;
\set FETCH_COUNT 7000
SELECT id FROM fct_sales ORDER BY id OFFSET 50000;
