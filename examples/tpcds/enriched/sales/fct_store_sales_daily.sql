/* ---
unique_key: sold_date_sk
description: >
  Store sales per day of the sale, with their returns to date: a return changes the day of its sale. Sales of an
  unknown day are one row, whose keys are null.
owner: sales
tags: [tpcds, sales]
columns:
  sold_date_sk: { checks: [unique] }
  sold_date: { description: "From date_dim." }
  tickets: { description: "Purchases on the day." }
  items: { description: "Rows of fct_store_sales." }
  items_returned: { description: "Those of which something was brought back, whenever that was." }
--- */
WITH daily AS (
    SELECT
        sold_date_sk,
        COUNT(DISTINCT ticket_number) AS tickets,
        COUNT(*) AS items,
        COUNT(*) FILTER (is_returned) AS items_returned,
        CAST(SUM(gross_sales) AS DECIMAL(18, 2)) AS gross_sales,
        CAST(SUM(returns) AS DECIMAL(18, 2)) AS returns,
        CAST(SUM(net_sales) AS DECIMAL(18, 2)) AS net_sales,
        CAST(SUM(net_profit) AS DECIMAL(18, 2)) AS net_profit
    FROM fct_store_sales
    GROUP BY sold_date_sk
)

SELECT
    daily.sold_date_sk,
    days.d_date AS sold_date,
    days.d_year AS sold_year,
    days.d_moy AS sold_month,
    daily.* EXCLUDE (sold_date_sk)
FROM daily
LEFT JOIN int_tpcds__date_dim AS days ON days.d_date_sk = daily.sold_date_sk
