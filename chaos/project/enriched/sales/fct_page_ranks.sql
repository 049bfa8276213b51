/* ---
description: Pages by clicks. A rank mixes all rows, so that this one is rebuilt whenever something changed.
--- */
SELECT page, COUNT(*) AS clicks, RANK() OVER (ORDER BY COUNT(*) DESC, page) AS place
FROM int_shop__clicks
GROUP BY page
