/* ---
unique_key: [item_sk, ticket_number]
description: One row per item sold on a store's ticket, less what was brought back of it.
owner: sales
tags: [tpcds, sales]
columns:
  item_sk: { checks: [not_null] }
  ticket_number: { description: "The purchase; with item_sk it identifies the row.", checks: [not_null] }
  sold_date_sk: { description: "A day of date_dim; null where the source does not know it." }
  returned_date_sk: { description: "Null unless the item was brought back." }
  is_returned: { checks: [not_null] }
  quantity: { description: "Units sold." }
  net_quantity: { description: "Units sold less units brought back, unknown numbers counted as none." }
  gross_sales: { description: "What was asked for the units sold, without tax, coupons taken off." }
  returns: { description: "What was paid back, without tax; a positive amount." }
  net_sales: { description: "gross_sales - returns." }
  net_profit: { description: "The sale's profit less the loss on what was brought back." }
--- */
SELECT
    sales.ss_item_sk AS item_sk,
    sales.ss_ticket_number AS ticket_number,
    sales.ss_sold_date_sk AS sold_date_sk,
    sales.ss_customer_sk AS customer_sk,
    sales.ss_addr_sk AS address_sk,
    sales.ss_store_sk AS store_sk,
    returns.sr_returned_date_sk AS returned_date_sk,
    returns.sr_item_sk IS NOT NULL AS is_returned,
    sales.ss_quantity AS quantity,
    COALESCE(sales.ss_quantity, 0) - COALESCE(returns.sr_return_quantity, 0) AS net_quantity,
    COALESCE(sales.ss_net_paid, 0) AS gross_sales,
    COALESCE(returns.sr_return_amt, 0) AS returns,
    CAST(COALESCE(sales.ss_net_paid, 0) - COALESCE(returns.sr_return_amt, 0) AS DECIMAL(18, 2)) AS net_sales,
    CAST(COALESCE(sales.ss_net_profit, 0) - COALESCE(returns.sr_net_loss, 0) AS DECIMAL(18, 2)) AS net_profit
FROM int_tpcds__store_sales AS sales
LEFT JOIN int_tpcds__store_returns AS returns
    ON returns.sr_item_sk = sales.ss_item_sk AND returns.sr_ticket_number = sales.ss_ticket_number
