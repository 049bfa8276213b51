import { type LookupAddress, lookup } from "node:dns";
import type { LookupFunction } from "node:net";

/** How long a name's addresses are waited for where some are known from before, in milliseconds. */
const PATIENCE = 500;

/**
 * The addresses of a host, for connections that must not wait for DNS: Node asks it on one of its few threads, which
 * may all be busy. What a name meant last counts where it takes too long to ask anew.
 */
export class Addresses {
  #known: LookupAddress[];

  private constructor(known: LookupAddress[]) {
    this.#known = known;
  }

  /** Of a name or an address. A name that leads nowhere now may do so later. */
  static async of(host: string): Promise<Addresses> {
    return new Addresses(await new Promise((resolve) => ask(host, (_, found) => resolve(found))));
  }

  /** For `net.connect`. */
  readonly lookup: LookupFunction = (host, options, callback) => {
    let pending = true;
    const answer = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => {
      if (!pending) return;
      pending = false;
      clearTimeout(patience);
      const [first] = addresses;
      if (options.all || !first) callback(error, addresses);
      else callback(error, first.address, first.family);
    };
    const patience = setTimeout(() => {
      if (this.#known.length > 0) answer(null, this.#known);
    }, PATIENCE);
    ask(host, (error, found) => {
      if (!error) this.#known = found;
      answer(error, found);
    });
  };
}

function ask(host: string, callback: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void) {
  lookup(host, { all: true }, (error, found) => callback(error, error ? [] : found));
}
