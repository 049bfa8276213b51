/** For `strftime`: ISO 8601, as the API writes times. Sessions of the lake are in UTC (lake/engine.ts). */
export const ISO = "'%Y-%m-%dT%H:%M:%S.%gZ'";
