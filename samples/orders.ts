import { dayMs, hourMs } from "./calendar.ts";
import type { Random } from "./random.ts";
import { type Country, cancelReasons, discountCodes, notes, orderTags, products, sources } from "./words.ts";

/** The life of an order, made in one go from its random numbers. Amounts are whole cents, times milliseconds. */
export interface Order {
  id: number;
  number: number;
  createdAt: number;
  /** The customer's number; null for a guest. */
  customer: number | null;
  country: Country;
  test: boolean;
  lines: OrderLine[];
  discount: { code: string; percent: number } | null;
  /** Null for an order with nothing to ship. */
  shipping: number | null;
  source: string;
  tags: string;
  note: string | null;
  authorizedAt: number | null;
  paidAt: number | null;
  partlyFulfilledAt: number | null;
  fulfilledAt: number | null;
  cancelledAt: number | null;
  cancelReason: string | null;
  /** When support wrote the note; null: it came with the order. */
  notedAt: number | null;
  refunds: Refund[];
}

export interface OrderLine {
  product: number;
  variant: number;
  quantity: number;
  price: number;
  /** Of the whole line, as the three below. */
  discount: number;
  /** Contained in the price where the country's prices contain tax. */
  tax: number;
  /** When the line joined the order: an order can be edited. */
  addedAt: number;
}

export interface Refund {
  id: number;
  createdAt: number;
  lines: { line: number; quantity: number; subtotal: number; tax: number }[];
  /** Shipping that is paid back. */
  shipping: number;
  full: boolean;
  restock: boolean;
  note: string | null;
  /** Null: store credit, no payment goes back. */
  payment: { amount: number; settledAt: number; failedFirst: boolean } | null;
}

/** What an order adds up to at a moment. */
export interface OrderTotals {
  lines: number;
  discounts: number;
  shipping: number;
  tax: number;
  taxIncluded: boolean;
  total: number;
}

export function orderTotals(order: Order, at: number): OrderTotals {
  const lines = order.lines.filter((line) => line.addedAt <= at);
  const sum = (of: (line: OrderLine) => number) => lines.reduce((total, line) => total + of(line), 0);
  const gross = sum((line) => line.price * line.quantity);
  const discounts = sum((line) => line.discount);
  const tax = sum((line) => line.tax);
  const shipping = order.shipping ?? 0;
  const taxIncluded = order.country.taxIncluded;
  const total = gross - discounts + shipping + (taxIncluded ? 0 : tax);
  return { lines: gross, discounts, shipping, tax, taxIncluded, total };
}

/** Every moment at which the source would show another version of the order, creation first. */
export function orderChanges(order: Order): number[] {
  const times = [
    order.createdAt,
    order.authorizedAt,
    order.paidAt,
    order.partlyFulfilledAt,
    order.fulfilledAt,
    order.cancelledAt,
    order.notedAt,
    ...order.lines.map((line) => line.addedAt),
    ...order.refunds.map((refund) => refund.createdAt),
  ];
  return times.filter((time) => time !== null).sort((one, other) => one - other);
}

/** A refund is seen first when it is made and, where its payment was pending, again when that is settled. */
export function refundChanges(refund: Refund): number[] {
  const settledAt = refund.payment?.settledAt ?? refund.createdAt;
  return settledAt === refund.createdAt ? [refund.createdAt] : [refund.createdAt, settledAt];
}

export function financialStatus(order: Order, at: number): string {
  const happened = (time: number | null) => time !== null && time <= at;
  const refunds = order.refunds.filter((refund) => happened(refund.createdAt));
  if (refunds.some((refund) => refund.full)) return "refunded";
  if (refunds.length > 0) return "partially_refunded";
  if (happened(order.paidAt)) return "paid";
  if (happened(order.cancelledAt)) return "voided";
  return happened(order.authorizedAt) ? "authorized" : "pending";
}

export function fulfillmentStatus(order: Order, at: number): string | null {
  if (order.fulfilledAt !== null && order.fulfilledAt <= at) return "fulfilled";
  return order.partlyFulfilledAt !== null && order.partlyFulfilledAt <= at ? "partial" : null;
}

/** Draws the rest of an order's life. `random` is the order's own. */
export function drawOrder(
  random: Random,
  known: Pick<Order, "id" | "number" | "createdAt" | "customer" | "country">,
): Order {
  const discount = random.chance(0.2) ? random.pick(discountCodes) : null;
  const lines = Array.from({ length: lineCount(random) }, () =>
    drawLine(random, known.country, discount?.percent ?? 0, known.createdAt),
  );
  const ships = lines.some((line) => products[line.product]?.physical);
  const order: Order = {
    ...known,
    test: random.chance(0.015),
    lines,
    discount,
    shipping: ships ? random.pick([0, 495, 499, 1250]) : null,
    source: random.pick(sources),
    tags: random.pick(orderTags),
    note: random.chance(0.15) ? random.pick(notes) : null,
    authorizedAt: null,
    paidAt: null,
    partlyFulfilledAt: null,
    fulfilledAt: null,
    cancelledAt: null,
    cancelReason: null,
    notedAt: null,
    refunds: [],
  };

  if (random.chance(0.03)) {
    const addedAt = later(random, order.createdAt, 10 * 60_000, 20 * hourMs);
    order.lines.push(drawLine(random, order.country, 0, addedAt));
  }
  if (random.chance(0.2)) {
    order.authorizedAt = later(random, order.createdAt, 5_000, 60_000);
    order.paidAt = later(random, order.authorizedAt, dayMs, 4 * dayMs);
  } else if (!random.chance(0.02)) {
    order.paidAt = later(random, order.createdAt, 5_000, 600_000);
  }
  if (random.chance(0.035)) {
    order.cancelledAt = later(random, order.createdAt, hourMs, 12 * dayMs);
    order.cancelReason = random.pick(cancelReasons);
    if (order.paidAt !== null && order.paidAt > order.cancelledAt) order.paidAt = null;
    if (order.paidAt !== null) order.refunds.push(drawRefund(random, order, order.cancelledAt, "cancel"));
  } else if (order.paidAt !== null && !random.chance(0.02)) {
    if (order.lines.length > 1 && random.chance(0.12)) {
      order.partlyFulfilledAt = later(random, order.paidAt, dayMs, 3 * dayMs);
    }
    order.fulfilledAt = later(random, order.partlyFulfilledAt ?? order.paidAt, dayMs, 6 * dayMs);
    drawReturns(random, order);
  }
  if (random.chance(0.05)) {
    order.note = random.pick(notes);
    order.notedAt = later(random, order.createdAt, hourMs, 20 * dayMs);
  }
  return order;
}

/** Weeks after fulfilment: everything, or one line and, later still, another. */
function drawReturns(random: Random, order: Order): void {
  if (order.fulfilledAt === null || !random.chance(0.09)) return;
  const first = later(random, order.fulfilledAt, 3 * dayMs, 45 * dayMs);
  if (random.chance(0.3)) {
    order.refunds.push(drawRefund(random, order, first, "all"));
    return;
  }
  order.refunds.push(drawRefund(random, order, first, 0));
  if (order.lines.length > 1 && random.chance(0.25)) {
    order.refunds.push(drawRefund(random, order, later(random, first, dayMs, 30 * dayMs), 1));
  }
}

/** A moment, in whole seconds, that lies `low` to `high` milliseconds after another. */
function later(random: Random, time: number, low: number, high: number): number {
  return time + random.between(low / 1000, high / 1000) * 1000;
}

function lineCount(random: Random): number {
  return random.pick([1, 1, 1, 1, 2, 2, 2, 3, 3, 5]);
}

function drawLine(random: Random, country: Country, percentOff: number, addedAt: number): OrderLine {
  const product = random.below(products.length);
  const { price, variants } = products[product] as (typeof products)[number];
  const quantity = random.pick([1, 1, 1, 1, 2, 2, 3]);
  const discount = Math.round((price * quantity * percentOff) / 100);
  const paid = price * quantity - discount;
  const percent = country.taxPercent;
  const tax = Math.round(country.taxIncluded ? (paid * percent) / (100 + percent) : (paid * percent) / 100);
  return { product, variant: random.below(variants.length), quantity, price, discount, tax, addedAt };
}

/** `what`: one line by its number, everything, or everything because the order was cancelled. */
function drawRefund(
  random: Random,
  order: Order,
  createdAt: number,
  what: number | "all" | "cancel",
): Refund {
  const full = typeof what === "string";
  const lines = order.lines.flatMap((line, number) => {
    if (line.addedAt > createdAt || (!full && number !== what)) return [];
    const quantity = full ? line.quantity : random.between(1, line.quantity);
    const share = (amount: number) => Math.round((amount * quantity) / line.quantity);
    const subtotal = share(line.price * line.quantity - line.discount);
    return [{ line: number, quantity, subtotal, tax: share(line.tax) }];
  });
  const shipping = full ? (order.shipping ?? 0) : 0;
  const taxIncluded = order.country.taxIncluded;
  const items = lines.reduce((sum, line) => sum + line.subtotal + (taxIncluded ? 0 : line.tax), 0);
  // Store credit needs no payment; the model then takes items and tax, which must not hold the tax twice.
  const storeCredit = what !== "cancel" && !taxIncluded && shipping === 0 && random.chance(0.15);
  const pending = random.chance(0.2);
  const settledAt = pending ? createdAt + random.between(12, 80) * hourMs : createdAt;
  return {
    id: order.id * 10 + order.refunds.length,
    createdAt,
    lines,
    shipping,
    full,
    restock: random.chance(0.7),
    note: random.chance(0.3) ? random.pick(notes) : null,
    payment: storeCredit ? null : { amount: items + shipping, settledAt, failedFirst: random.chance(0.06) },
  };
}
