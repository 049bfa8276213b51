import { X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { generate } from "selfsigned";
import { LotusError, messageOf } from "../common/errors.ts";

/** PEM texts, as node:tls takes them. */
export interface Certificate {
  cert: string;
  key: string;
}

const DAY = 86_400_000;
const VALID_MS = 3650 * DAY;
/** One that ends sooner is replaced. */
const LEAST_LEFT_MS = 30 * DAY;

/**
 * The certificate that the gateway shows: the given one, or one of its own, signed by itself for this machine's names,
 * which is made once and kept in the state folder: `gateway.crt`, which clients that verify it need, and `gateway.key`.
 * @throws LotusError SETTINGS_INVALID when the given one cannot be read or used
 */
export async function gatewayCertificate(
  stateDir: string,
  given: { cert: string; key: string } | null,
): Promise<Certificate> {
  if (given !== null) return readGiven(given);
  const files = { cert: join(stateDir, "gateway.crt"), key: join(stateDir, "gateway.key") };
  const kept = readKept(files);
  if (kept !== null) return kept;
  const made = await makeCertificate();
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  replaceFile(files.key, made.key, 0o600);
  replaceFile(files.cert, made.cert, 0o644);
  return made;
}

/** Written beside and renamed: a reader or a crash never meets half a file. */
function replaceFile(file: string, text: string, mode: number): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text, { mode });
  renameSync(draft, file);
}

function readGiven(paths: { cert: string; key: string }): Certificate {
  try {
    const given = { cert: readFileSync(paths.cert, "utf8"), key: readFileSync(paths.key, "utf8") };
    createSecureContext(given);
    return given;
  } catch (error) {
    throw new LotusError(
      "SETTINGS_INVALID",
      `The gateway's certificate cannot be used: ${messageOf(error)}. Correct LOTUS_GATEWAY_CERT and LOTUS_GATEWAY_KEY: PEM files that belong together.`,
      { cause: error },
    );
  }
}

/** Null when there is none, or none that is whole and good for a while. */
function readKept(files: { cert: string; key: string }): Certificate | null {
  if (!existsSync(files.cert) || !existsSync(files.key)) return null;
  try {
    const kept = { cert: readFileSync(files.cert, "utf8"), key: readFileSync(files.key, "utf8") };
    createSecureContext(kept);
    const end = Date.parse(new X509Certificate(kept.cert).validTo);
    return end - Date.now() > LEAST_LEFT_MS ? kept : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES") throw error;
    return null;
  }
}

async function makeCertificate(): Promise<Certificate> {
  const names = [...new Set(["localhost", hostname()])].map((value) => ({ type: 2 as const, value }));
  const addresses = ["127.0.0.1", "::1"].map((ip) => ({ type: 7 as const, ip }));
  const { cert, private: key } = await generate([{ name: "commonName", value: "Lotus gateway" }], {
    keySize: 2048,
    algorithm: "sha256",
    notBeforeDate: new Date(Date.now() - DAY),
    notAfterDate: new Date(Date.now() + VALID_MS),
    extensions: [
      // Clients that verify take it as their root certificate.
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", digitalSignature: true, keyEncipherment: true, keyCertSign: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      { name: "subjectAltName", altNames: [...names, ...addresses] },
    ],
  });
  return { cert, key };
}
