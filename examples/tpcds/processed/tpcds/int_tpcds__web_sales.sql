/* ---
description: One row per item of a web order, its latest version, as dsdgen made it.
tags: [tpcds, sales]
--- */
SELECT * EXCLUDE (
    updated_at,
    _airbyte_raw_id, _airbyte_extracted_at, _airbyte_meta, _airbyte_generation_id,
    year, month, day
)
FROM stg_tpcds__web_sales
