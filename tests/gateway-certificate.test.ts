import { X509Certificate } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readSettings } from "../common/settings.ts";
import { type Certificate, gatewayCertificate } from "../gateway/certificate.ts";

let folder: string;
let made: Certificate;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lotus-certificate-"));
  made = await gatewayCertificate(folder, null);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const path = (name: string) => join(folder, name);

test("its own certificate is made once, for this machine, and its key is its owner's", async () => {
  expect(await gatewayCertificate(folder, null)).toEqual(made);
  expect(statSync(path("gateway.key")).mode & 0o777).toBe(0o600);
  const certificate = new X509Certificate(made.cert);
  expect(certificate.checkHost("localhost")).toBe("localhost");
  expect(certificate.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(Date.parse(certificate.validTo)).toBeGreaterThan(Date.now() + 5 * 365 * 86_400_000);
});

test("a client that verifies takes it, and takes no other", async () => {
  const other = await gatewayCertificate(mkdtempSync(join(folder, "other-")), null);
  const server = createServer(made, (socket) => socket.end("hello")).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const verified = (ca: string) =>
    new Promise<TLSSocket>((resolve, reject) => {
      const socket = connect({ host: "localhost", port, ca, servername: "localhost" }, () => resolve(socket));
      socket.on("error", reject);
    });
  const socket = await verified(made.cert);
  expect(socket.authorized).toBe(true);
  socket.destroy();
  await expect(verified(other.cert)).rejects.toThrow(/self-signed|verify|unable/i);
  server.close();
});

test("half a pair, or one that does not belong together, is made anew", async () => {
  const state = mkdtempSync(join(folder, "state-"));
  const first = await gatewayCertificate(state, null);
  writeFileSync(join(state, "gateway.key"), made.key);
  const second = await gatewayCertificate(state, null);
  expect(second.key).not.toBe(first.key);
  expect(second.key).not.toBe(made.key);
  rmSync(join(state, "gateway.crt"));
  const third = await gatewayCertificate(state, null);
  expect(third.key).not.toBe(second.key);
  expect(readFileSync(join(state, "gateway.crt"), "utf8")).toBe(third.cert);
});

test("a given one is used as it is, or refused with what to do", async () => {
  const state = mkdtempSync(join(folder, "given-"));
  writeFileSync(path("cert.pem"), made.cert);
  writeFileSync(path("key.pem"), made.key);
  chmodSync(path("key.pem"), 0o600);
  expect(await gatewayCertificate(state, { cert: path("cert.pem"), key: path("key.pem") })).toEqual(made);
  const { key } = await gatewayCertificate(state, null);
  writeFileSync(path("foreign.pem"), key);
  for (const wrong of [path("foreign.pem"), path("absent.pem"), path("cert.pem")])
    await expect(gatewayCertificate(state, { cert: path("cert.pem"), key: wrong })).rejects.toMatchObject({
      code: "SETTINGS_INVALID",
      message: expect.stringMatching(/LOTUS_GATEWAY_CERT and LOTUS_GATEWAY_KEY/),
    });
});

test("the settings: certificate and key go together, names and sizes are looked at", () => {
  expect(readSettings({}).gateway).toEqual({
    host: "127.0.0.1",
    port: null,
    database: "lake",
    certificate: null,
    memoryLimit: "2GB",
    url: null,
  });
  expect(
    readSettings({ LOTUS_GATEWAY_CERT: "/etc/c.pem", LOTUS_GATEWAY_KEY: "/etc/k.pem" }).gateway.certificate,
  ).toEqual({ cert: "/etc/c.pem", key: "/etc/k.pem" });
  for (const wrong of [
    { LOTUS_GATEWAY_CERT: "/etc/c.pem" },
    { LOTUS_GATEWAY_KEY: "/etc/k.pem" },
    { LOTUS_GATEWAY_DATABASE: "My Lake" },
    { LOTUS_GATEWAY_DATABASE: "postgres" },
    { LOTUS_GATEWAY_DATABASE: "a".repeat(51) },
    { LOTUS_GATEWAY_PORT: "0" },
    { LOTUS_GATEWAY_MEMORY: "much" },
    { LOTUS_GATEWAY_URL: "http://127.0.0.1:5433" },
  ])
    expect(() => readSettings(wrong), JSON.stringify(wrong)).toThrow(
      expect.objectContaining({ code: "SETTINGS_INVALID" }),
    );
});
