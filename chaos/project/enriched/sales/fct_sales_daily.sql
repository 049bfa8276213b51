/* ---
unique_key: day
description: Sales per day on which orders last changed.
--- */
SELECT day, COUNT(*) AS orders, SUM(cents) AS cents, SUM(refunded) AS refunded
FROM fct_sales
WHERE status <> 'cancelled'
GROUP BY day
