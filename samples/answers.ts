import { dayOf, type SampleStream, type Sync, SyncCalendar, sampleStreams } from "./calendar.ts";
import { emissions } from "./emissions.ts";
import { cuts } from "./files.ts";
import { type Order, orderTotals, type Refund } from "./orders.ts";
import { cents } from "./rows.ts";
import { emailAt, type SampleSize, Shop } from "./shop.ts";

export interface SampleAnswers {
  streams: Record<SampleStream, StreamAnswers>;
  fctSales: MoneyTotals & { rows: number };
  /** Over the days' rows; test and cancelled orders are not in them. */
  fctSalesDaily: MoneyTotals & { rows: number; orders: number; cancelledOrders: number };
  dimCustomers: { rows: number; orders: number; lifetimeValue: string; withKlaviyoProfile: number };
}

export interface StreamAnswers {
  files: number;
  /** Rows in the raw files. */
  rows: number;
  /** Rows of the processed table. */
  keys: number;
}

/** Exact decimal text, two digits. */
export interface MoneyTotals {
  gross_sales: string;
  discounts: string;
  returns: string;
  net_sales: string;
  shipping: string;
  taxes: string;
  total_sales: string;
}

/**
 * What the lake must hold once it has fed the sample, and `ticks` of what trickles in after it. Added up in cents
 * from the shop's own books; neither SQL nor a lake is in the way.
 */
export function sampleAnswers(options: { seed: number; size: SampleSize; ticks?: number }): SampleAnswers {
  const shop = new Shop(options.seed, options.size);
  const ticks = options.ticks ?? 0;
  const calendar = new SyncCalendar(options.seed);
  const last = (stream: SampleStream) => calendar.lastUpTo(stream, ticks);
  const streams = countEmissions(shop, last);
  const seen = {
    orders: last("shopify/orders").at,
    refunds: last("shopify/order_refunds").at,
    customers: last("shopify/customers").at,
  };

  const keys = (stream: SampleStream, count: number) => {
    streams[stream].keys = count;
  };
  const known = knownCustomers(shop, seen.customers);
  keys("shopify/customers", known.count);

  const all = new Sums();
  const counted = new Sums();
  const days = new Set<number>();
  let [orders, refunds, sold, cancelledOrders, lifetimeValue, customerOrders] = [0, 0, 0, 0, 0, 0];
  for (let day = 0; day <= dayOf(Math.max(seen.orders, seen.refunds)); day++) {
    for (let place = 0; place < shop.ordersOn(day); place++) {
      const order = shop.order(day, place);
      refunds += order.refunds.filter((refund) => refund.createdAt <= seen.refunds).length;
      if (order.createdAt > seen.orders) continue;
      orders++;
      const amounts = salesOf(order, seen);
      all.add(amounts);
      if (order.test) continue;
      days.add(day);
      if (order.cancelledAt !== null && order.cancelledAt <= seen.orders) {
        cancelledOrders++;
        continue;
      }
      sold++;
      counted.add(amounts);
      if (order.customer !== null && known.has(order.customer)) {
        customerOrders++;
        lifetimeValue += totalOf(amounts);
      }
    }
  }
  keys("shopify/orders", orders);
  keys("shopify/order_refunds", refunds);
  const profiles = knownProfiles(shop, last("klaviyo/profiles").at);
  keys("klaviyo/profiles", profiles.count);
  keys("klaviyo/events", knownEvents(shop, last("klaviyo/events").at));
  return {
    streams,
    fctSales: { rows: orders, ...all.totals() },
    fctSalesDaily: { rows: days.size, orders: sold, cancelledOrders, ...counted.totals() },
    dimCustomers: {
      rows: known.count,
      orders: customerOrders,
      lifetimeValue: cents(lifetimeValue),
      withKlaviyoProfile: known.emails.filter((email) => profiles.emails.has(email)).length,
    },
  };
}

interface Sales {
  gross: number;
  discounts: number;
  returns: number;
  shipping: number;
  taxes: number;
}

function salesOf(order: Order, seen: { orders: number; refunds: number }): Sales {
  const totals = orderTotals(order, seen.orders);
  const returns = order.refunds
    .filter((refund) => refund.createdAt <= seen.refunds)
    .reduce((sum, refund) => sum + paidBack(refund, seen.refunds), 0);
  return {
    gross: totals.lines - (totals.taxIncluded ? totals.tax : 0),
    discounts: totals.discounts,
    returns,
    shipping: totals.shipping,
    taxes: totals.tax,
  };
}

/** A pending payment has not gone back yet; store credit is worth the items and their tax. */
function paidBack(refund: Refund, at: number): number {
  if (refund.payment === null) return refund.lines.reduce((sum, line) => sum + line.subtotal + line.tax, 0);
  return refund.payment.settledAt <= at ? refund.payment.amount : 0;
}

function totalOf(sales: Sales): number {
  return sales.gross - sales.discounts - sales.returns + sales.shipping + sales.taxes;
}

class Sums {
  readonly #sum: Sales = { gross: 0, discounts: 0, returns: 0, shipping: 0, taxes: 0 };

  add(sales: Sales): void {
    this.#sum.gross += sales.gross;
    this.#sum.discounts += sales.discounts;
    this.#sum.returns += sales.returns;
    this.#sum.shipping += sales.shipping;
    this.#sum.taxes += sales.taxes;
  }

  totals(): MoneyTotals {
    const { gross, discounts, returns, shipping, taxes } = this.#sum;
    return {
      gross_sales: cents(gross),
      discounts: cents(discounts),
      returns: cents(returns),
      net_sales: cents(gross - discounts - returns),
      shipping: cents(shipping),
      taxes: cents(taxes),
      total_sales: cents(totalOf(this.#sum)),
    };
  }
}

/** Files and rows, from the syncs' own plan. */
function countEmissions(
  shop: Shop,
  last: (stream: SampleStream) => Sync,
): Record<SampleStream, StreamAnswers> {
  const counts = Object.fromEntries(
    sampleStreams.map((stream) => [stream, { files: 0, rows: 0, keys: 0 }]),
  ) as Record<SampleStream, StreamAnswers>;
  const end = Math.max(...sampleStreams.map((stream) => last(stream).at));
  for (const emission of emissions(shop)) {
    const { stream, index, at } = emission.sync;
    if (at > end) break;
    if (index > last(stream).index) continue;
    counts[stream].files += cuts(emission).length;
    counts[stream].rows += emission.count;
  }
  return counts;
}

function knownCustomers(shop: Shop, at: number) {
  const day = dayOf(at);
  const before = shop.customersBefore(day);
  const today = new Set<number>();
  for (let number = before; number < shop.customersBefore(day + 1); number++) {
    if (shop.customer(number).createdAt <= at) today.add(number);
  }
  const numbers = [...Array(before).keys(), ...today];
  return {
    count: numbers.length,
    has: (number: number) => number < before || today.has(number),
    emails: numbers.flatMap((number) => emailAt(shop.customer(number), at)?.toLowerCase() ?? []),
  };
}

function knownProfiles(shop: Shop, at: number) {
  const emails = new Set<string>();
  let count = 0;
  for (let day = 0; day <= dayOf(at); day++) {
    for (let place = 0; place < shop.profilesOn(day); place++) {
      const profile = shop.profile(day, place);
      if (profile === null || profile.createdAt > at) continue;
      count++;
      emails.add(profile.email.toLowerCase());
    }
  }
  return { count, emails };
}

function knownEvents(shop: Shop, at: number): number {
  let count = 0;
  for (let day = 0; day < dayOf(at); day++) count += shop.eventsOn(day);
  const today = dayOf(at);
  for (let place = 0; place < shop.eventsOn(today); place++) {
    if (shop.event(today, place).at <= at) count++;
  }
  return count;
}
