/* ---
description: One row per item on a store's ticket, its latest version, as dsdgen made it.
tags: [tpcds, sales]
--- */
SELECT * EXCLUDE (
    updated_at,
    _airbyte_raw_id, _airbyte_extracted_at, _airbyte_meta, _airbyte_generation_id,
    year, month, day
)
FROM stg_tpcds__store_sales
