/* ---
unique_key: customer
description: A customer with the visits that count, kept up to date by increments.
--- */
SELECT customer, COUNT(*) AS pages, SUM(seconds) AS seconds, MAX(seen_at) AS last_seen_at
FROM int_shop__visits
GROUP BY customer
