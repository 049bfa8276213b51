/**
 * What has to be run once in each DuckDB instance before translations run there: functions that one expression cannot
 * say, in the schema `postgres` of the database `memory`.
 */
export const macros: readonly string[] = ["CREATE SCHEMA IF NOT EXISTS memory.postgres"];
