/* ---
description: >
  One row per returned item of a store's ticket, its latest version, as dsdgen made it. There is no updated_at:
  the time of extraction tells which version is the latest.
tags: [tpcds, returns]
--- */
SELECT * EXCLUDE (
    _airbyte_raw_id, _airbyte_extracted_at, _airbyte_meta, _airbyte_generation_id,
    year, month, day
)
FROM stg_tpcds__store_returns
