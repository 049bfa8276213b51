/* ---
unique_key: customer_id
redo_by: email
changes:
  dim_shopify_customers: email
  int_klaviyo__profiles: lower(trim(TRY_CAST(attributes AS JSON) ->> '$.email'))
description: >
  One row per Shopify customer: profile, first and last order, orders, lifetime value. The Klaviyo profile is the
  one with the same email, upper and lower case aside; of several, the one updated last. Rows are redone by
  email, so that a changed Klaviyo profile redoes its customer and nobody else.
owner: customers
tags: [customers]
columns:
  customer_id: { checks: [not_null, unique] }
  klaviyo_profile_id: { description: "Null where no profile has the customer's email." }
  orders: { description: "Orders that are neither test nor cancelled.", checks: [not_null] }
  lifetime_value: { description: "The sum of their total_sales.", checks: [not_null] }
--- */
WITH profiles AS (
    SELECT
        lower(trim(TRY_CAST(attributes AS JSON) ->> '$.email'))::VARCHAR AS email,
        id AS klaviyo_profile_id,
        TRY_CAST(attributes AS JSON) ->> '$.first_name' AS first_name,
        TRY_CAST(attributes AS JSON) ->> '$.last_name' AS last_name,
        TRY_CAST(TRY_CAST(attributes AS JSON) ->> '$.last_event_date' AS TIMESTAMP WITH TIME ZONE) AS last_engaged_at
    FROM int_klaviyo__profiles
    -- The id breaks ties: two profiles can have been updated at the same instant.
    QUALIFY row_number() OVER (
        PARTITION BY lower(trim(TRY_CAST(attributes AS JSON) ->> '$.email'))::VARCHAR
        ORDER BY updated DESC NULLS LAST, id DESC
    ) = 1
)

SELECT
    customers.customer_id,
    customers.email,
    COALESCE(customers.first_name, profiles.first_name) AS first_name,
    COALESCE(customers.last_name, profiles.last_name) AS last_name,
    customers.phone,
    customers.city,
    customers.country_code,
    customers.customer_since,
    customers.email_marketing_state,
    profiles.klaviyo_profile_id,
    profiles.last_engaged_at,
    customers.first_order_date,
    customers.last_order_date,
    customers.orders,
    customers.lifetime_value
FROM dim_shopify_customers AS customers
LEFT JOIN profiles ON profiles.email = customers.email
