#!/bin/sh
# Creates the namespace and the search attributes that Temporal's UI is filtered by, where they are missing.
# TEMPORAL_ADDRESS is read by the client itself.
set -eu
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 7d
attempt=0
until present=$(temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE"); do
  # A new namespace takes some seconds until every part of the server knows it.
  attempt=$((attempt + 1))
  [ "$attempt" -lt 30 ] || exit 1
  sleep 2
done
for name in LotusAsset LotusStream LotusTrigger; do
  echo "$present" | grep -qw "$name" ||
    temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$name" --type Keyword
done
