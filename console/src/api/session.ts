import { createStore } from "./store.ts";

const KEY = "lotus-token";

/** Who looks. The token lives as long as the tab does, and never in a cookie or a URL. */
interface Session {
  token: string | null;
  /** `asked`: the API wants a token that it knows, and has none. */
  state: "open" | "asked";
}

export const session = createStore<Session>({
  token: sessionStorage.getItem(KEY),
  state: "open",
});

export function signIn(token: string): void {
  sessionStorage.setItem(KEY, token);
  session.set({ token, state: "open" });
}

export function signOut(): void {
  sessionStorage.removeItem(KEY);
  session.set({ token: null, state: "asked" });
}

export function authorization(): Record<string, string> {
  const { token } = session.get();
  return token === null ? {} : { authorization: `Bearer ${token}` };
}
