/* ---
description: One row per sale.
unique_key: [id]
columns:
  amount:
    description: What the customer paid.
--- */
SELECT id, customer, amount::DECIMAL(18, 2) AS amount, updated_at::DATE AS day FROM int_shop__orders
