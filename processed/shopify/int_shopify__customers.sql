/* ---
unique_key: customer_id
description: One row per Shopify customer, its latest version.
owner: customers
tags: [shopify, customers]
columns:
  customer_id: { description: "The customer's id.", checks: [not_null, unique] }
  email: { description: "Lower case and trimmed; null for a customer known by phone only." }
  email_marketing_state: { description: "subscribed, not_subscribed, unsubscribed or pending." }
  country_code: { description: "Of the default address." }
--- */
SELECT
    id AS customer_id,
    NULLIF(lower(trim(email)), '') AS email,
    phone,
    first_name,
    last_name,
    created_at,
    updated_at,
    state,
    verified_email,
    TRY_CAST(email_marketing_consent AS JSON) ->> '$.state' AS email_marketing_state,
    TRY_CAST(default_address AS JSON) ->> '$.city' AS city,
    TRY_CAST(default_address AS JSON) ->> '$.country_code' AS country_code,
    currency,
    tags,
    note
FROM stg_shopify__customers
