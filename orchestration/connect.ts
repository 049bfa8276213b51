import { Client, Connection } from "@temporalio/client";
import { LotusError, messageOf } from "../common/errors.ts";
import type { TemporalConnection } from "../common/settings.ts";
import { callRetries } from "./call-retries.ts";
import { searchAttributes } from "./names.ts";

/** A client of a Temporal server; `close` ends its connection. */
export interface TemporalClient {
  client: Client;
  close(): Promise<void>;
}

/** @throws LotusError TEMPORAL_UNREACHABLE naming the address and how to start the server. */
export async function connectTemporal(temporal: TemporalConnection): Promise<TemporalClient> {
  const retries = callRetries();
  try {
    const connection = await Connection.connect({
      address: temporal.address,
      connectTimeout: "10 seconds",
      interceptors: retries.interceptors,
    });
    const client = new Client({ connection, namespace: temporal.namespace });
    const close = async () => {
      await retries.end();
      await connection.close();
    };
    return { client, close };
  } catch (error) {
    throw new LotusError(
      "TEMPORAL_UNREACHABLE",
      `Temporal at ${temporal.address} does not answer: ${messageOf(error)}. Start it, or correct LOTUS_TEMPORAL_ADDRESS.`,
      { cause: error },
    );
  }
}

// temporal.api.enums.v1.IndexedValueType
const KEYWORD = 2;

/** Registers the search attributes by which the UI is filtered, where the namespace lacks them. */
export async function registerSearchAttributes({ client }: TemporalClient, namespace: string): Promise<void> {
  const { operatorService } = client.connection as Connection;
  const present = await operatorService.listSearchAttributes({ namespace });
  const missing = Object.values(searchAttributes).filter(
    (name) => !(name in (present.customAttributes ?? {})),
  );
  if (missing.length === 0) return;
  await operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
  });
}
