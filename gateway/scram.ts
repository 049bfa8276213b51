import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { LotusError } from "../common/errors.ts";

const ITERATIONS = 4096;
const LEAST_LENGTH = 8;

/** A password that nobody guesses, of letters and digits, so that it stands in a URL as it is. */
export function makePassword(): string {
  return randomBytes(24).toString("base64").replace(/[+/]/g, "x");
}

/**
 * What Postgres keeps of a password (SCRAM-SHA-256): made here, so that the password itself stands in no statement,
 * which servers log.
 * @throws LotusError SETTINGS_INVALID for a password that is short, or that clients would not all send alike
 */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16)): string {
  // Beyond ASCII, a password is normalised before it is hashed, and not by every client.
  if (password.length < LEAST_LENGTH || !/^[\x20-\x7e]+$/.test(password)) {
    throw new LotusError(
      "SETTINGS_INVALID",
      `A password has at least ${LEAST_LENGTH} characters, of printable ASCII. Give another.`,
    );
  }
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, "sha256");
  const hmac = (text: string) => createHmac("sha256", salted).update(text).digest();
  const storedKey = createHash("sha256").update(hmac("Client Key")).digest("base64");
  const serverKey = hmac("Server Key").toString("base64");
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString("base64")}$${storedKey}:${serverKey}`;
}
