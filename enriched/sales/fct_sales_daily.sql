/* ---
unique_key: order_date
description: >
  Sales per UTC day on which the orders were placed, with their refunds to date: a refund changes the day of its
  order. Test orders are left out altogether. Cancelled orders are counted in cancelled_orders only: neither
  their number nor their money is in the other columns.
owner: sales
tags: [sales]
columns:
  order_date: { checks: [unique] }
  orders: { description: "Orders that are neither test nor cancelled." }
  cancelled_orders: { description: "Cancelled orders that were placed on the day." }
--- */
SELECT
    order_date,
    COUNT(*) FILTER (cancelled_at IS NULL) AS orders,
    COUNT(*) FILTER (cancelled_at IS NOT NULL) AS cancelled_orders,
    CAST(COALESCE(SUM(gross_sales) FILTER (cancelled_at IS NULL), 0) AS DECIMAL(18, 2)) AS gross_sales,
    CAST(COALESCE(SUM(discounts) FILTER (cancelled_at IS NULL), 0) AS DECIMAL(18, 2)) AS discounts,
    CAST(COALESCE(SUM(returns) FILTER (cancelled_at IS NULL), 0) AS DECIMAL(18, 2)) AS returns,
    CAST(COALESCE(SUM(net_sales) FILTER (cancelled_at IS NULL), 0) AS DECIMAL(18, 2)) AS net_sales,
    CAST(COALESCE(SUM(shipping) FILTER (cancelled_at IS NULL), 0) AS DECIMAL(18, 2)) AS shipping,
    CAST(COALESCE(SUM(taxes) FILTER (cancelled_at IS NULL), 0) AS DECIMAL(18, 2)) AS taxes,
    CAST(COALESCE(SUM(total_sales) FILTER (cancelled_at IS NULL), 0) AS DECIMAL(18, 2)) AS total_sales
FROM fct_sales
WHERE NOT is_test_order
GROUP BY order_date
