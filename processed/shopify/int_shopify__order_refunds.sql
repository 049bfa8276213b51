/* ---
unique_key: refund_id
description: >
  One row per refund of a Shopify order, its latest version. A refund lists the items that came back and the
  payments that went back; the second is what counts, and it can fail or be pending.
owner: sales
tags: [shopify, sales]
columns:
  refund_id: { description: "The refund's id.", checks: [not_null, unique] }
  order_id: { description: "The order that it belongs to.", checks: [not_null] }
  line_items_amount: { description: "Items that came back, less their discounts." }
  tax_amount: { description: "Tax on those items." }
  paid_back_amount: { description: "Successful refund payments; null where the refund lists no payment at all." }
  refund_amount:
    description: >
      What the order lost: the successful refund payments, or, where no payment is listed (store credit), the
      items that came back and their tax.
    checks: [not_null]
  units: { description: "Units that came back." }
--- */
SELECT
    id AS refund_id,
    order_id,
    created_at,
    TRY_CAST(processed_at AS TIMESTAMP WITH TIME ZONE) AS processed_at,
    CAST(COALESCE(list_sum(list_transform(
        from_json(TRY_CAST(refund_line_items AS JSON), '[{"subtotal": "VARCHAR"}]'),
        lambda item: TRY_CAST(item.subtotal AS DECIMAL(18, 2))
    )), 0) AS DECIMAL(18, 2)) AS line_items_amount,
    CAST(COALESCE(list_sum(list_transform(
        from_json(TRY_CAST(refund_line_items AS JSON), '[{"total_tax": "VARCHAR"}]'),
        lambda item: TRY_CAST(item.total_tax AS DECIMAL(18, 2))
    )), 0) AS DECIMAL(18, 2)) AS tax_amount,
    -- NULLIF: an empty list of payments says as much as none.
    CAST(list_sum(list_transform(
        NULLIF(from_json(TRY_CAST(transactions AS JSON), '[{"kind": "VARCHAR", "status": "VARCHAR", "amount": "VARCHAR"}]'), []),
        lambda payment: CASE
            WHEN payment.kind = 'refund' AND payment.status = 'success' THEN TRY_CAST(payment.amount AS DECIMAL(18, 2))
            ELSE 0
        END
    )) AS DECIMAL(18, 2)) AS paid_back_amount,
    COALESCE(paid_back_amount, line_items_amount + tax_amount) AS refund_amount,
    CAST(COALESCE(list_sum(list_transform(
        TRY_CAST(refund_line_items AS JSON) ->> '$[*].quantity',
        lambda quantity: TRY_CAST(quantity AS BIGINT)
    )), 0) AS BIGINT) AS units,
    restock,
    note
FROM stg_shopify__order_refunds
