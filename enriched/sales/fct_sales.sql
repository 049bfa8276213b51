/* ---
unique_key: order_id
changes: { int_shopify__order_refunds: order_id }
description: >
  One row per order, test and cancelled orders included, each with its refunds to date. Days are UTC days.
  total_sales is the money that the shop keeps.
owner: sales
tags: [sales]
columns:
  order_id: { description: "The order's id.", checks: [not_null, unique] }
  customer_id: { description: "Null for a guest." }
  order_date: { description: "The day on which the order was placed, in UTC." }
  is_test_order: { checks: [not_null] }
  gross_sales: { description: "Line items before discounts, without the tax that their prices may contain." }
  discounts: { description: "A positive amount." }
  returns: { description: "What was paid back to date, taxes and shipping in it; a positive amount." }
  net_sales: { description: "gross_sales - discounts - returns." }
  total_sales: { description: "net_sales + shipping + taxes." }
--- */
WITH refunds AS (
    SELECT order_id, CAST(SUM(refund_amount) AS DECIMAL(18, 2)) AS returns
    FROM int_shopify__order_refunds
    GROUP BY order_id
),

amounts AS (
    SELECT
        orders.order_id,
        orders.customer_id,
        -- AT TIME ZONE first: the day must not depend on the session's time zone.
        CAST(orders.created_at AT TIME ZONE 'UTC' AS DATE) AS order_date,
        orders.cancelled_at,
        orders.is_test_order,
        orders.financial_status,
        orders.fulfillment_status,
        CAST(COALESCE(orders.line_items_amount, 0)
            - CASE WHEN orders.taxes_included THEN COALESCE(orders.tax_amount, 0) ELSE 0 END AS DECIMAL(18, 2)) AS gross_sales,
        COALESCE(orders.discount_amount, 0) AS discounts,
        COALESCE(refunds.returns, 0) AS returns,
        COALESCE(orders.shipping_amount, 0) AS shipping,
        COALESCE(orders.tax_amount, 0) AS taxes
    FROM int_shopify__orders AS orders
    LEFT JOIN refunds ON refunds.order_id = orders.order_id
)

SELECT
    order_id,
    customer_id,
    order_date,
    cancelled_at,
    is_test_order,
    financial_status,
    fulfillment_status,
    gross_sales,
    discounts,
    returns,
    CAST(gross_sales - discounts - returns AS DECIMAL(18, 2)) AS net_sales,
    shipping,
    taxes,
    CAST(gross_sales - discounts - returns + shipping + taxes AS DECIMAL(18, 2)) AS total_sales
FROM amounts
