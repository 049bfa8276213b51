import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { connect as connectTls, createSecureContext } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { gatewayCertificate } from "../gateway/certificate.ts";
import { hear } from "../gateway/greeting.ts";
import { GatewayFixture } from "./support/gateway-fixture.ts";

let fixture: GatewayFixture;

beforeAll(async () => {
  fixture = await GatewayFixture.open("CREATE TABLE orders AS SELECT 1 AS id");
});

afterAll(() => fixture.close());

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

test("a client that asks for TLS gets it, and may verify the gateway's own certificate", async () => {
  const ca = readFileSync(join(fixture.lake.isolation.folder, "gateway.crt"), "utf8");
  const client = await fixture.connect({ ssl: { ca, servername: "localhost" } });
  const { stream } = (client as unknown as { connection: { stream: { encrypted?: boolean } } }).connection;
  expect(stream.encrypted).toBe(true);
  expect((await client.query("SELECT count(*)::int AS n FROM orders")).rows).toEqual([{ n: 1 }]);
  await expect(fixture.connect({ ssl: { rejectUnauthorized: true } })).rejects.toThrow(
    /self-signed|certificate/,
  );
});

test("TLS without asking first, as newer clients do it", async () => {
  const socket = connectTls({
    port: fixture.gateway.port,
    host: "127.0.0.1",
    ALPNProtocols: ["postgresql"],
    rejectUnauthorized: false,
  });
  await new Promise((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
  });
  expect(socket.alpnProtocol).toBe("postgresql");
  socket.destroy();
});

test("who is not let in is told why over TLS, too", async () => {
  const ssl = { rejectUnauthorized: false };
  for (let turn = 0; turn < 5; turn += 1) {
    await expect(fixture.connect({ ssl, database: "other" })).rejects.toMatchObject({ code: "3D000" });
    await expect(fixture.connect({ ssl, password: "wrong" })).rejects.toMatchObject({ code: "28P01" });
    await expect(fixture.connect({ ssl, options: "-c role=postgres" })).rejects.toMatchObject({
      code: "42501",
    });
  }
});

test("what comes unencrypted behind the request for TLS is not taken for what comes encrypted", async () => {
  const answer = await new Promise<string>((resolve) => {
    const got: Buffer[] = [];
    const socket = connect(fixture.gateway.port, "127.0.0.1", () =>
      socket.write(Buffer.concat([SSL_REQUEST, Buffer.from("injected")])),
    );
    socket.on("data", (piece) => got.push(piece));
    socket.on("close", () => resolve(Buffer.concat(got).toString("latin1")));
  });
  expect(answer).toMatch(/^E[\s\S]*08P01/);
});

test("from another machine only over TLS", async () => {
  const { cert, key } = await gatewayCertificate(fixture.lake.isolation.folder, null);
  const secrets = createSecureContext({ cert, key });
  const heard: Promise<unknown>[] = [];
  const server = createServer((socket) => {
    heard.push(hear(socket, secrets, true));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const startup = Buffer.from([0, 0, 0, 9, 0, 3, 0, 0, 0]);
  const plain = connect(port, "127.0.0.1", () => plain.write(startup));
  const told = once(plain, "data").then(([bytes]) => String(bytes));
  const secret = connectTls(
    { port, host: "127.0.0.1", ALPNProtocols: ["postgresql"], rejectUnauthorized: false },
    () => secret.write(startup),
  );
  await expect.poll(() => heard.length, { timeout: 60_000 }).toBe(2);
  expect(await Promise.all(heard)).toEqual(
    expect.arrayContaining([null, expect.objectContaining({ kind: "session" })]),
  );
  expect(await told).toMatch(/^E[\s\S]*28000/);
  plain.destroy();
  secret.destroy();
  server.close();
});
