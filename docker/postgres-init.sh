#!/bin/sh
# Run once by the Postgres image, on an empty volume: a role and a database for the lake's catalog, and a role with
# two databases for Temporal. Neither role can see the other's data. The catalog's role also makes the gateway's
# database and users, and keeps what the gateway asks Postgres to print (each statement's tree) out of the server's log.
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  -v catalog_password="$CATALOG_PASSWORD" -v temporal_password="$TEMPORAL_PASSWORD" <<'SQL'
CREATE ROLE lotus LOGIN CREATEDB CREATEROLE PASSWORD :'catalog_password';
CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE DATABASE lotus OWNER lotus;
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
REVOKE CONNECT, TEMPORARY ON DATABASE lotus, temporal, temporal_visibility, postgres, template1 FROM PUBLIC;
GRANT SET ON PARAMETER log_min_messages TO lotus;
-- DuckDB may leave a session idle in transaction, which would hold back vacuum for ever.
ALTER ROLE lotus SET idle_in_transaction_session_timeout = '10min';
SQL
