import { useSyncExternalStore } from "react";

/** A value outside React that components follow. */
interface Store<T> {
  get: () => T;
  set: (next: T) => void;
  use: () => T;
}

export function createStore<T>(initial: T): Store<T> {
  let value = initial;
  const followers = new Set<() => void>();
  const get = () => value;
  const subscribe = (follower: () => void) => {
    followers.add(follower);
    return () => followers.delete(follower);
  };
  return {
    get,
    set: (next) => {
      value = next;
      for (const follower of followers) follower();
    },
    use: () => useSyncExternalStore(subscribe, get),
  };
}
