/* ---
unique_key: customer_id
changes: { fct_sales: customer_id }
description: >
  One row per Shopify customer with what they have ordered; test and cancelled orders do not count.
  dim_customers stands on it: it is kept by customer, that one by email.
owner: customers
tags: [customers]
columns:
  customer_id: { checks: [not_null, unique] }
  email: { description: "Lower case; null for a customer known by phone only." }
  orders: { description: "0 for a customer without orders.", checks: [not_null] }
  lifetime_value: { description: "The sum of total_sales.", checks: [not_null] }
--- */
WITH ordered AS (
    SELECT
        customer_id,
        MIN(order_date) AS first_order_date,
        MAX(order_date) AS last_order_date,
        COUNT(*) AS orders,
        CAST(SUM(total_sales) AS DECIMAL(18, 2)) AS lifetime_value
    FROM fct_sales
    WHERE NOT is_test_order AND cancelled_at IS NULL
    GROUP BY customer_id
)

SELECT
    customers.customer_id,
    customers.email,
    customers.phone,
    customers.first_name,
    customers.last_name,
    customers.city,
    customers.country_code,
    customers.created_at AS customer_since,
    customers.email_marketing_state,
    ordered.first_order_date,
    ordered.last_order_date,
    COALESCE(ordered.orders, 0) AS orders,
    COALESCE(ordered.lifetime_value, 0) AS lifetime_value
FROM int_shopify__customers AS customers
LEFT JOIN ordered ON ordered.customer_id = customers.customer_id
