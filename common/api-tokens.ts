import { z } from "zod";

/** `viewer` looks, `operator` also changes. */
export const roles = ["viewer", "operator"] as const;
export type Role = (typeof roles)[number];

/** One who may use the API. */
export interface ApiToken {
  /** As it stands in the audit log. */
  name: string;
  role: Role;
  secret: string;
}

/** Fewer characters than this are guessed over a network. */
export const STRONG_SECRET = 16;

const tokenSchema = z.object({
  name: z.string().regex(/^[\w.@-]{1,64}$/),
  role: z.enum(roles),
  secret: z.string().regex(/^[\x21-\x2b\x2d-\x7e]+$/),
});

/**
 * Reads LOTUS_API_TOKEN: one secret, an operator's; or `NAME:ROLE:SECRET`, several parted by commas.
 * @returns null when it is none of these; the text itself stands in no message.
 */
export function readTokens(setting: string): ApiToken[] | null {
  const entries = setting.split(",").map((entry) => {
    const [name, role, ...rest] = entry.trim().split(":");
    return rest.length > 0
      ? { name, role, secret: rest.join(":") }
      : { name: "token", role: "operator", secret: entry.trim() };
  });
  const parsed = z.array(tokenSchema).safeParse(entries);
  if (!parsed.success) return null;
  const distinct = (values: string[]) => new Set(values).size === values.length;
  return distinct(parsed.data.map(({ name }) => name)) && distinct(parsed.data.map(({ secret }) => secret))
    ? parsed.data
    : null;
}
