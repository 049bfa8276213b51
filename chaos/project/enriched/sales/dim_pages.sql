/* ---
unique_key: page
description: The price list as it was delivered last.
--- */
SELECT page, MAX(cents) AS cents, COUNT(*) AS entries FROM int_shop__prices GROUP BY page
