import { connect, createServer } from "node:net";

/**
 * A TCP proxy that holds back what the client sends by `delayMs`: each request to the server takes that much longer.
 * Connections are kept, so that only requests pay, not bytes.
 */
export async function slowProxy(target: string, delayMs: number): Promise<{ url: string; stop: () => void }> {
  const { hostname, port } = new URL(target);
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    client.on("data", (bytes) => setTimeout(() => upstream.write(bytes), delayMs));
    upstream.on("data", (bytes) => client.write(bytes));
    client.on("close", () => setTimeout(() => upstream.end(), delayMs));
    upstream.on("close", () => client.end());
    client.on("error", () => upstream.destroy());
    upstream.on("error", () => client.destroy());
    client.setNoDelay(true);
    upstream.setNoDelay(true);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return { url: `http://127.0.0.1:${address.port}`, stop: () => server.close() };
}
