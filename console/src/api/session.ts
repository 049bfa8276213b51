import { createStore } from "./store.ts";

const KEY = "lotus-token";

/** Who looks. The token lives as long as the tab does, and never in a cookie or a URL. */
interface Session {
  token: string | null;
  /** `asked`: the API wants a token that it knows, and has none. */
  state: "open" | "asked";
  /** Learned from the first 403: this token may look and not touch. */
  viewer: boolean;
}

export const session = createStore<Session>({
  token: sessionStorage.getItem(KEY),
  state: "open",
  viewer: false,
});

export function signIn(token: string): void {
  sessionStorage.setItem(KEY, token);
  session.set({ token, state: "open", viewer: false });
}

export function signOut(): void {
  sessionStorage.removeItem(KEY);
  session.set({ token: null, state: "asked", viewer: false });
}

export function learnViewer(): void {
  if (!session.get().viewer) session.set({ ...session.get(), viewer: true });
}

export function authorization(): Record<string, string> {
  const { token } = session.get();
  return token === null ? {} : { authorization: `Bearer ${token}` };
}
