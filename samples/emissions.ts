import { dayMs, type SampleStream, type Sync, SyncCalendar, sampleStreams } from "./calendar.ts";
import { eventRow, profileRow } from "./klaviyo-rows.ts";
import { type Order, orderChanges, orderTotals, refundChanges } from "./orders.ts";
import { Random } from "./random.ts";
import type { Row } from "./rows.ts";
import type { Shop } from "./shop.ts";
import { type CustomerOrders, customerRow, orderRow, refundRow } from "./shopify-rows.ts";

/** What one sync writes: rows by number, made only when asked for. */
export interface Emission {
  sync: Sync;
  count: number;
  /** Good until the next emission is asked for: customers' rows depend on the orders so far. */
  row(number: number): Row;
  /** When the source was asked for the row. */
  extractedAt(number: number): number;
}

/** One row that a sync brings: an entity, as it was at a moment. */
interface Item {
  day: number;
  place: number;
  at: number;
}

/** A refund is addressed by its order's place and its own number. */
const refundsPerOrder = 4;

/**
 * Everything that the syncs bring, in the order of time and without end: each entity once for each sync that finds
 * it changed, as it then is. Now and then a row comes twice in one sync, or an older version again in a later sync:
 * real sources do both. Memory holds only what is still going to change.
 */
export function* emissions(shop: Shop): Generator<Emission> {
  const calendar = new SyncCalendar(shop.seed);
  const waiting = new Map<SampleStream, Map<number, Item[]>>(
    sampleStreams.map((stream) => [stream, new Map()]),
  );
  const orders = new Map<number, CustomerOrders>();
  const purchases = new Map<number, { customer: number; order: Order }[]>();

  const announce = (stream: SampleStream, day: number, place: number, changes: number[]) => {
    for (const change of changes) {
      const sync = calendar.firstAfter(stream, change);
      enqueue(waiting.get(stream), sync, { day, place, at: sync.at });
    }
  };

  for (let day = 0; ; day++) {
    for (let place = 0; place < shop.ordersOn(day); place++) {
      const order = shop.order(day, place);
      announce("shopify/orders", day, place, orderChanges(order));
      order.refunds.forEach((refund, number) => {
        announce("shopify/order_refunds", day, place * refundsPerOrder + number, refundChanges(refund));
      });
      if (order.customer !== null) {
        const sync = calendar.firstAfter("shopify/customers", order.createdAt);
        announce("shopify/customers", 0, order.customer, [order.createdAt]);
        const known = purchases.get(sync.index);
        if (known) known.push({ customer: order.customer, order });
        else purchases.set(sync.index, [{ customer: order.customer, order }]);
      }
    }
    for (let place = 0; place < shop.customersOn(day); place++) {
      const customer = shop.customer(shop.customersBefore(day) + place);
      const changes = [...customer.emails, ...customer.consents].map((entry) => entry.from);
      announce("shopify/customers", 0, customer.number, changes);
    }
    for (let place = 0; place < shop.profilesOn(day); place++) {
      announce("klaviyo/profiles", day, place, shop.profile(day, place)?.changes ?? []);
    }
    for (let place = 0; place < shop.eventsOn(day); place++) {
      announce("klaviyo/events", day, place, [shop.event(day, place).at]);
    }
    for (const sync of calendar.onDay(day)) {
      const queue = waiting.get(sync.stream);
      const items = inOrder(queue?.get(sync.index) ?? []);
      queue?.delete(sync.index);
      if (sync.stream === "shopify/customers") settle(purchases, sync, orders);
      const written = disturb(shop, calendar, sync, items, queue);
      const make = rowMaker(shop, sync.stream, orders);
      // Refunds have no updated_at: which version is later shows in the extraction alone, so a row that comes
      // again keeps its first one. The other streams' cursor tells, whenever the row was extracted.
      const asked = (number: number) =>
        sync.stream === "shopify/order_refunds" ? (written[number] as Item).at : sync.at;
      yield {
        sync,
        count: written.length,
        row: (number) => make(written[number] as Item),
        extractedAt: (number) => asked(number) + number * 7,
      };
    }
  }
}

/** Counts a sync's purchases into the customers' totals. */
function settle(
  purchases: Map<number, { customer: number; order: Order }[]>,
  sync: Sync,
  orders: Map<number, CustomerOrders>,
): void {
  for (const { customer, order } of purchases.get(sync.index) ?? []) {
    const before = orders.get(customer) ?? { count: 0, spent: 0, lastAt: 0 };
    orders.set(customer, {
      count: before.count + 1,
      spent: before.spent + orderTotals(order, order.createdAt).total,
      lastAt: Math.max(before.lastAt, order.createdAt),
    });
  }
  purchases.delete(sync.index);
}

/** Doubles some rows, and lets some come again, unchanged, in one of the next syncs: by then they may be old. */
function disturb(
  shop: Shop,
  calendar: SyncCalendar,
  sync: Sync,
  items: Item[],
  queue: Map<number, Item[]> | undefined,
): Item[] {
  const random = new Random(shop.seed, 10, sampleStreams.indexOf(sync.stream), sync.index);
  // Refunds are few; their wrong order is the one that the cursor does not show.
  const again = sync.stream === "shopify/order_refunds" ? 0.1 : 0.02;
  const written: Item[] = [];
  for (const item of items) {
    written.push(item);
    if (random.chance(0.01)) written.push(item);
    // A customer's row cannot be made again for an earlier moment: their orders have moved on.
    if (sync.stream !== "shopify/customers" && item.at === sync.at && random.chance(again)) {
      const next = calendar.firstAfter(sync.stream, sync.at + random.between(1, 6) * dayMs);
      if (next.index > sync.index) enqueue(queue, next, item);
    }
  }
  return written;
}

function rowMaker(
  shop: Shop,
  stream: SampleStream,
  orders: Map<number, CustomerOrders>,
): (item: Item) => Row {
  switch (stream) {
    case "shopify/orders":
      return ({ day, place, at }) => {
        const order = shop.order(day, place);
        return orderRow(order, order.customer === null ? null : shop.customer(order.customer), at);
      };
    case "shopify/order_refunds":
      return ({ day, place, at }) => {
        const order = shop.order(day, Math.floor(place / refundsPerOrder));
        const refund = order.refunds[place % refundsPerOrder];
        if (refund === undefined) throw new Error(`no refund at ${day}/${place}`);
        return refundRow(order, refund, at);
      };
    case "shopify/customers":
      return ({ place, at }) =>
        customerRow(shop.customer(place), orders.get(place) ?? { count: 0, spent: 0, lastAt: 0 }, at);
    case "klaviyo/profiles":
      return ({ day, place, at }) => {
        const profile = shop.profile(day, place);
        if (profile === null) throw new Error(`no profile at ${day}/${place}`);
        return profileRow(profile, at);
      };
    case "klaviyo/events":
      return ({ day, place }) => eventRow(shop.event(day, place));
  }
}

function enqueue(queue: Map<number, Item[]> | undefined, sync: Sync, item: Item): void {
  const items = queue?.get(sync.index);
  if (items) items.push(item);
  else queue?.set(sync.index, [item]);
}

/** Without the second of two equal items: an entity that changed twice since the last sync comes once. */
function inOrder(items: Item[]): Item[] {
  const sorted = items.sort(
    (one, other) => one.day - other.day || one.place - other.place || one.at - other.at,
  );
  return sorted.filter((item, number) => {
    const before = sorted[number - 1];
    return before?.day !== item.day || before.place !== item.place || before.at !== item.at;
  });
}
