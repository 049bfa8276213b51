#!/bin/sh
# Brings the tables of Temporal's two databases to the version of this image. Safe to repeat; SQL_PASSWORD is read by
# the tool itself.
set -eu
for database in temporal temporal_visibility; do
  folder=${database#temporal_}
  set -- --plugin postgres12 --endpoint postgres --port 5432 --user temporal --database "$database"
  temporal-sql-tool "$@" setup-schema -v 0.0
  temporal-sql-tool "$@" update-schema -d "/etc/temporal/schema/postgresql/v12/$folder/versioned"
done
