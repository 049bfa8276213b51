/* ---
unique_key: order_id
description: One row per Shopify order, its latest version. Money is in the shop's currency.
owner: sales
tags: [shopify, sales]
columns:
  order_id: { description: "The order's id.", checks: [not_null, unique] }
  order_name: { description: "The number that people see, such as '#1001'." }
  customer_id: { description: "Null for a guest." }
  email: { description: "As entered at checkout; it can differ from the customer's." }
  created_at: { description: "When the order was placed.", checks: [not_null] }
  processed_at: { description: "When the order counts as placed; differs from created_at for imported orders." }
  cancelled_at: { description: "Null unless the order was cancelled." }
  is_test_order: { description: "True for an order placed with a test payment.", checks: [not_null] }
  taxes_included: { description: "True where line item prices contain the tax.", checks: [not_null] }
  line_items_amount: { description: "Line items before discounts." }
  discount_amount: { description: "Discounts on line items." }
  shipping_amount: { description: "Shipping charged." }
  tax_amount: { description: "All taxes of the order." }
  total_amount: { description: "What the buyer was asked to pay." }
  item_count: { description: "Units ordered, over all line items." }
  discount_code: { description: "The first code used." }
  line_items: { description: "The line items as JSON text." }
--- */
SELECT
    id AS order_id,
    name AS order_name,
    TRY_CAST(TRY_CAST(customer AS JSON) ->> '$.id' AS BIGINT) AS customer_id,
    email,
    created_at,
    updated_at,
    TRY_CAST(processed_at AS TIMESTAMP WITH TIME ZONE) AS processed_at,
    cancelled_at,
    cancel_reason,
    COALESCE(test, FALSE) AS is_test_order,
    financial_status,
    fulfillment_status,
    currency,
    COALESCE(taxes_included, FALSE) AS taxes_included,
    TRY_CAST(total_line_items_price AS DECIMAL(18, 2)) AS line_items_amount,
    TRY_CAST(total_discounts AS DECIMAL(18, 2)) AS discount_amount,
    TRY_CAST(TRY_CAST(total_shipping_price_set AS JSON) ->> '$.shop_money.amount' AS DECIMAL(18, 2)) AS shipping_amount,
    TRY_CAST(total_tax AS DECIMAL(18, 2)) AS tax_amount,
    TRY_CAST(total_price AS DECIMAL(18, 2)) AS total_amount,
    TRY_CAST(list_sum(list_transform(
        TRY_CAST(line_items AS JSON) ->> '$[*].quantity',
        lambda quantity: TRY_CAST(quantity AS BIGINT)
    )) AS BIGINT) AS item_count,
    TRY_CAST(discount_codes AS JSON) ->> '$[0].code' AS discount_code,
    TRY_CAST(shipping_address AS JSON) ->> '$.country_code' AS shipping_country_code,
    source_name,
    tags,
    note,
    line_items
FROM stg_shopify__orders
