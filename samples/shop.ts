import { dayMs, firstDay, hourMs, peakDays } from "./calendar.ts";
import { drawOrder, type Order } from "./orders.ts";
import { Random } from "./random.ts";
import { type Country, countries, metrics, notes, type Person, people } from "./words.ts";

export type SampleSize = "small" | "medium" | "large";

/** How many times the small shop's orders, customers and events. */
const scales: Record<SampleSize, number> = { small: 1, medium: 10, large: 100 };

export interface Customer {
  /** Counts all customers from 0. */
  number: number;
  id: number;
  createdAt: number;
  person: Person;
  country: Country;
  phone: string | null;
  note: string | null;
  tags: string;
  verified: boolean;
  /** In the order of time; the first holds from creation. */
  emails: { from: number; email: string | null }[];
  consents: { from: number; state: string }[];
}

export interface Profile {
  id: string;
  /** Null: somebody who only takes the newsletter. */
  customer: Customer | null;
  createdAt: number;
  /** The moments at which Klaviyo shows another version, creation first. */
  changes: number[];
  email: string;
  phone: string | null;
  person: Person | null;
  country: Country;
}

export interface KlaviyoEvent {
  id: string;
  at: number;
  metric: string;
  profile: string;
  value: number | null;
  random: Random;
}

/**
 * The sample shop. Every entity is made from the seed and its day and place in the day, so that nothing has to be
 * kept, whatever the size. Days count from 0; the shop never closes.
 */
export class Shop {
  readonly seed: number;
  readonly #scale: number;
  /** Entities before each day, grown on demand. */
  readonly #orders: number[] = [0];
  readonly #customers: number[] = [0];

  constructor(seed: number, size: SampleSize) {
    this.seed = seed;
    this.#scale = scales[size];
  }

  ordersOn(day: number): number {
    const weekday = [0.8, 0.9, 1, 1, 1.1, 1.25, 1.2][day % 7] as number;
    const season = peakDays.has(day % 365) ? 4 : 0.8 + Math.min(day / 365, 1.5) * 0.45;
    const noise = 0.8 + new Random(this.seed, 2, day).next() * 0.4;
    return Math.max(2, Math.round(19 * this.#scale * weekday * season * noise));
  }

  ordersBefore(day: number): number {
    for (let known = this.#orders.length - 1; known < day; known++) {
      this.#orders.push((this.#orders[known] as number) + this.ordersOn(known));
    }
    return this.#orders[day] as number;
  }

  /** Buyers on their first order, then people who only made an account. */
  customersOn(day: number): number {
    return firstOrders(this.ordersOn(day)) + Math.floor(this.ordersOn(day) * 0.08);
  }

  customersBefore(day: number): number {
    for (let known = this.#customers.length - 1; known < day; known++) {
      this.#customers.push((this.#customers[known] as number) + this.customersOn(known));
    }
    return this.#customers[day] as number;
  }

  order(day: number, place: number): Order {
    const random = new Random(this.seed, 3, day, place);
    const createdAt = this.#timeOfOrder(day, place);
    const customer = this.#buyer(random, day, place);
    const country = customer === null ? random.pick(countries) : this.#countryOf(customer);
    const number = 1001 + this.ordersBefore(day) + place;
    return drawOrder(random, { id: 5_200_000_000_000 + number * 37, number, createdAt, customer, country });
  }

  customer(number: number): Customer {
    const day = this.#dayOfCustomer(number);
    const place = number - this.customersBefore(day);
    const random = new Random(this.seed, 4, number);
    const country = this.#countryOf(number);
    const buyers = firstOrders(this.ordersOn(day));
    const start = firstDay + day * dayMs;
    const createdAt =
      place < buyers
        ? Math.max(start, this.#timeOfOrder(day, orderOfBuyer(place)) - 60_000)
        : start + random.below(86_400) * 1000;
    const person = random.pick(people);
    const domain = random.pick(["example.com", "example.org", "mail.example.net"]);
    const spelled = `${person.plain}.${number}@${domain}`;
    const email = random.chance(0.04) ? null : random.chance(0.08) ? capitalised(spelled) : spelled;
    const emails: Customer["emails"] = [{ from: createdAt, email }];
    if (random.chance(0.04)) {
      const from = createdAt + random.between(1, 200 * 24) * hourMs;
      emails.push({ from, email: `${person.plain}+new.${number}@${domain}` });
    }
    const consents = [{ from: createdAt, state: random.pick(["subscribed", "not_subscribed", "pending"]) }];
    if (random.chance(0.15)) {
      const state = random.pick(["subscribed", "unsubscribed"]);
      consents.push({ from: createdAt + random.between(2, 90 * 24) * hourMs + 1000, state });
    }
    return {
      number,
      id: 7_100_000_000_000 + number * 23,
      createdAt,
      person,
      country,
      phone: email === null || random.chance(0.3) ? `+1555${String(number).padStart(7, "0")}` : null,
      note: random.chance(0.06) ? random.pick(notes) : null,
      tags: random.pick(["", "", "newsletter", "vip, élite"]),
      verified: random.chance(0.8),
      emails,
      consents,
    };
  }

  /** Customers have a profile each, where they have an email, and some a second; then come newsletter readers. */
  profilesOn(day: number): number {
    return this.customersOn(day) * 2 + Math.floor(this.ordersOn(day) * 0.12);
  }

  /** Null: no such profile. */
  profile(day: number, place: number): Profile | null {
    const random = new Random(this.seed, 5, day, place);
    const ofCustomers = this.customersOn(day) * 2;
    const id = `01${random.uuid().replaceAll("-", "").slice(0, 24).toUpperCase()}`;
    if (place >= ofCustomers) {
      const createdAt = firstDay + day * dayMs + random.below(86_400) * 1000;
      const person = random.chance(0.5) ? random.pick(people) : null;
      const email = `reader.${day}.${place}@example.com`;
      const changes = drawChanges(random, createdAt);
      return {
        id,
        customer: null,
        createdAt,
        changes,
        email,
        phone: null,
        person,
        country: random.pick(countries),
      };
    }
    const customer = this.customer(this.customersBefore(day) + Math.floor(place / 2));
    const email = customer.emails[0]?.email ?? null;
    const second = place % 2 === 1;
    if (email === null || (second && !random.chance(0.02))) return null;
    return {
      id,
      customer,
      createdAt: customer.createdAt,
      // A second profile comes of a merge that failed: same email in other letters, updated at the same instants.
      changes: drawChanges(new Random(this.seed, 6, customer.number), customer.createdAt),
      email: second || random.chance(0.1) ? email.toUpperCase() : email,
      phone: customer.phone,
      person: customer.person,
      country: customer.country,
    };
  }

  eventsOn(day: number): number {
    return day === 0 ? 0 : Math.round(this.ordersOn(day) * 1.6);
  }

  event(day: number, place: number): KlaviyoEvent {
    const random = new Random(this.seed, 7, day, place);
    const of = random.below(this.customersBefore(day));
    const profileDay = this.#dayOfCustomer(of);
    const profile = new Random(this.seed, 5, profileDay, (of - this.customersBefore(profileDay)) * 2);
    const ordered = random.chance(0.25);
    return {
      id: random.uuid().replaceAll("-", "").slice(0, 20),
      at: firstDay + day * dayMs + random.below(86_400) * 1000,
      metric: ordered ? "Placed Order" : random.pick(metrics),
      profile: `01${profile.uuid().replaceAll("-", "").slice(0, 24).toUpperCase()}`,
      value: ordered ? random.between(500, 30_000) : null,
      random,
    };
  }

  #timeOfOrder(day: number, place: number): number {
    const within = (place + new Random(this.seed, 8, day, place).next()) / this.ordersOn(day);
    return firstDay + day * dayMs + Math.floor(within * 86_400) * 1000;
  }

  #buyer(random: Random, day: number, place: number): number | null {
    const first = buyerOfOrder(place);
    if (first !== null) return this.customersBefore(day) + first;
    const known = this.customersBefore(day);
    if (known === 0 || random.chance(0.18)) return null;
    // Squared: recent customers come back more often.
    return known - 1 - Math.floor(random.next() ** 2 * known);
  }

  #countryOf(customer: number): Country {
    return new Random(this.seed, 9, customer).pick(countries);
  }

  #dayOfCustomer(number: number): number {
    let [low, high] = [0, Math.max(1, this.#customers.length - 1)];
    while (this.customersBefore(high) <= number) high *= 2;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.customersBefore(middle) <= number) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** The email address that a customer has at a moment. */
export function emailAt(customer: Customer, at: number): string | null {
  return customer.emails.findLast((entry) => entry.from <= at)?.email ?? null;
}

/** Of every ten orders the places 0, 3 and 6 are somebody's first. */
function buyerOfOrder(place: number): number | null {
  const within = place % 10;
  return within <= 6 && within % 3 === 0 ? Math.floor(place / 10) * 3 + within / 3 : null;
}

function orderOfBuyer(buyer: number): number {
  return Math.floor(buyer / 3) * 10 + (buyer % 3) * 3;
}

function firstOrders(orders: number): number {
  const rest = orders % 10;
  return Math.floor(orders / 10) * 3 + Math.min(3, Math.ceil(rest / 3));
}

function capitalised(email: string): string {
  return email.replace(/^[a-z]/, (letter) => letter.toUpperCase());
}

function drawChanges(random: Random, createdAt: number): number[] {
  const changes = [createdAt];
  for (let count = random.below(4); count > 0; count--) {
    changes.push(
      (changes.at(-1) as number) + random.between(1, 40 * 24) * hourMs + random.below(3600) * 1000,
    );
  }
  return changes;
}
