/* ---
unique_key: order_id
changes: { int_shop__refunds: order_id }
description: An order with its refunds to date.
--- */
WITH refunds AS (
    SELECT order_id, SUM(cents) AS refunded, COUNT(*) AS refunds
    FROM int_shop__refunds
    GROUP BY order_id
)

SELECT
    orders.id AS order_id,
    orders.customer,
    CAST(orders.updated_at AT TIME ZONE 'UTC' AS DATE) AS day,
    orders.status,
    orders.cents,
    COALESCE(refunds.refunded, 0) AS refunded,
    COALESCE(refunds.refunds, 0) AS refunds
FROM int_shop__orders AS orders
LEFT JOIN refunds ON refunds.order_id = orders.id
