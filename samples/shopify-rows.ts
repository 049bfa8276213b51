import {
  financialStatus,
  fulfillmentStatus,
  type Order,
  type OrderLine,
  orderChanges,
  orderTotals,
  type Refund,
} from "./orders.ts";
import { cents, iso, money, type Row } from "./rows.ts";
import { type Customer, emailAt } from "./shop.ts";
import { type Country, products } from "./words.ts";

const shopUrl = "lotus-sample";

export function orderRow(order: Order, customer: Customer | null, at: number): Row {
  const changes = orderChanges(order).filter((time) => time <= at);
  const totals = orderTotals(order, at);
  const lines = order.lines.filter((line) => line.addedAt <= at);
  const email = customer === null ? guestEmail(order) : emailAt(customer, order.createdAt);
  const cancelled = order.cancelledAt !== null && order.cancelledAt <= at;
  const { country } = order;
  const closed = order.fulfilledAt !== null && order.fulfilledAt <= at;
  return {
    id: order.id,
    name: `#${order.number}`,
    order_number: order.number,
    email,
    phone: customer?.phone ?? null,
    created_at: iso(order.createdAt),
    updated_at: iso(changes.at(-1) as number),
    processed_at: local(order.createdAt, country),
    cancelled_at: cancelled ? iso(order.cancelledAt as number) : null,
    cancel_reason: cancelled ? order.cancelReason : null,
    closed_at: closed ? iso(order.fulfilledAt as number) : null,
    test: order.test,
    confirmed: true,
    currency: "USD",
    presentment_currency: country.currency,
    financial_status: financialStatus(order, at),
    fulfillment_status: fulfillmentStatus(order, at),
    total_line_items_price: money(totals.lines),
    total_discounts: money(totals.discounts),
    subtotal_price: money(totals.lines - totals.discounts),
    total_tax: money(totals.tax),
    total_price: money(totals.total),
    taxes_included: totals.taxIncluded,
    total_weight: lines.reduce((sum, line) => sum + line.quantity * product(line).grams, 0),
    total_shipping_price_set:
      order.shipping === null ? null : JSON.stringify(moneySet(order.shipping, country)),
    customer: customer === null ? null : JSON.stringify(customerOfOrder(customer, order)),
    customer_locale: country.locale,
    buyer_accepts_marketing: customer?.consents[0]?.state === "subscribed",
    billing_address: JSON.stringify(address(country, customer)),
    shipping_address: order.shipping === null ? null : JSON.stringify(address(country, customer)),
    line_items: JSON.stringify(lines.map((line, number) => lineItem(order, line, number))),
    discount_codes: JSON.stringify(
      order.discount === null
        ? []
        : [{ code: order.discount.code, amount: cents(totals.discounts), type: "percentage" }],
    ),
    tax_lines: JSON.stringify([{ title: "Tax", rate: country.taxPercent / 100, price: money(totals.tax) }]),
    note: order.notedAt === null || order.notedAt <= at ? order.note : null,
    note_attributes: "[]",
    tags: order.tags,
    source_name: order.source,
    referring_site: order.source === "web" ? "https://www.example.com/?q=th%C3%A9&utm=a+b" : null,
    landing_site: order.source === "web" ? "/collections/all" : null,
    admin_graphql_api_id: `gid://shopify/Order/${order.id}`,
    shop_url: shopUrl,
  };
}

export function refundRow(order: Order, refund: Refund, at: number): Row {
  const { payment } = refund;
  const transaction = (status: string, number: number) => ({
    id: refund.id * 10 + number,
    order_id: order.id,
    parent_id: order.id + 1,
    kind: "refund",
    status,
    amount: cents(payment?.amount ?? 0),
    currency: "USD",
    gateway: "shopify_payments",
    message: status === "failure" ? "Card declined – “insufficient funds”" : null,
    created_at: local(refund.createdAt, order.country),
    processed_at: local(refund.createdAt, order.country),
    test: order.test,
  });
  const transactions =
    payment === null
      ? []
      : [
          ...(payment.failedFirst ? [transaction("failure", 0)] : []),
          transaction(payment.settledAt <= at ? "success" : "pending", 1),
        ];
  return {
    id: refund.id,
    order_id: order.id,
    created_at: iso(refund.createdAt),
    processed_at: local(refund.createdAt, order.country),
    note: refund.note,
    restock: refund.restock,
    user_id: refund.restock ? 81_000_000_001 : null,
    refund_line_items: JSON.stringify(
      refund.lines.map((item) => ({
        id: refund.id * 10 + item.line,
        line_item_id: order.id * 10 + item.line,
        quantity: item.quantity,
        restock_type: refund.restock ? "return" : "no_restock",
        subtotal: money(item.subtotal),
        total_tax: money(item.tax),
        subtotal_set: moneySet(item.subtotal, order.country),
        total_tax_set: moneySet(item.tax, order.country),
        line_item: lineItem(order, order.lines[item.line] as OrderLine, item.line),
      })),
    ),
    transactions: JSON.stringify(transactions),
    order_adjustments: JSON.stringify(
      refund.shipping === 0
        ? []
        : [
            {
              id: refund.id * 10 + 9,
              order_id: order.id,
              refund_id: refund.id,
              kind: "shipping_refund",
              reason: "Shipping refund",
              amount: cents(-refund.shipping),
              tax_amount: "0.00",
            },
          ],
    ),
    admin_graphql_api_id: `gid://shopify/Refund/${refund.id}`,
    shop_url: shopUrl,
  };
}

/** What a customer's orders, up to the moment, add to their own row. */
export interface CustomerOrders {
  count: number;
  spent: number;
  lastAt: number;
}

export function customerRow(customer: Customer, orders: CustomerOrders, at: number): Row {
  const own = [...customer.emails, ...customer.consents]
    .map((entry) => entry.from)
    .filter((time) => time <= at);
  const state = customer.consents.findLast((entry) => entry.from <= at) ?? customer.consents[0];
  const { person, country } = customer;
  const home = {
    id: customer.id + 1,
    customer_id: customer.id,
    ...address(country, customer),
    default: true,
  };
  return {
    id: customer.id,
    email: emailAt(customer, at),
    phone: customer.phone,
    first_name: person.first,
    last_name: person.last,
    state: customer.verified ? "enabled" : "disabled",
    note: customer.note,
    tags: customer.tags,
    currency: "USD",
    created_at: iso(customer.createdAt),
    updated_at: iso(Math.max(...own, orders.lastAt)),
    orders_count: orders.count,
    total_spent: money(orders.spent),
    verified_email: customer.verified,
    tax_exempt: false,
    accepts_marketing: state?.state === "subscribed",
    email_marketing_consent: JSON.stringify({
      state: state?.state,
      opt_in_level: "single_opt_in",
      consent_updated_at: local(state?.from ?? customer.createdAt, country),
    }),
    sms_marketing_consent: null,
    default_address: country.zip === "" ? null : JSON.stringify(home),
    addresses: JSON.stringify(country.zip === "" ? [] : [home]),
    admin_graphql_api_id: `gid://shopify/Customer/${customer.id}`,
    shop_url: shopUrl,
  };
}

/** As Shopify writes a time inside nested values: in the shop's or the buyer's own offset. */
function local(time: number, country: Country): string {
  const sign = country.utcOffset.startsWith("-") ? -1 : 1;
  const hours = sign * Number(country.utcOffset.slice(1, 3));
  return `${new Date(time + hours * 3_600_000).toISOString().slice(0, 19)}${country.utcOffset}`;
}

function moneySet(amount: number, country: Country) {
  return {
    shop_money: { amount: cents(amount), currency_code: "USD" },
    presentment_money: { amount: cents(Math.round(amount * country.rate)), currency_code: country.currency },
  };
}

function product(line: OrderLine): (typeof products)[number] {
  return products[line.product] as (typeof products)[number];
}

function lineItem(order: Order, line: OrderLine, number: number) {
  const { title, variants, physical } = product(line);
  const variant = variants[line.variant] ?? null;
  return {
    id: order.id * 10 + number,
    product_id: 9000 + line.product,
    variant_id: 9000 * 10 + line.product * 10 + line.variant,
    sku: `LOT-${line.product}-${line.variant}`,
    title,
    variant_title: variant,
    name: `${title} - ${variant}`,
    quantity: line.quantity,
    price: money(line.price),
    total_discount: money(line.discount),
    taxable: true,
    gift_card: title === "Gift Card",
    requires_shipping: physical,
    properties: [],
  };
}

function customerOfOrder(customer: Customer, order: Order) {
  return {
    id: customer.id,
    email: emailAt(customer, order.createdAt),
    first_name: customer.person.first,
    last_name: customer.person.last,
    state: customer.verified ? "enabled" : "disabled",
    created_at: local(customer.createdAt, customer.country),
    updated_at: local(order.createdAt, customer.country),
    tags: customer.tags,
    verified_email: customer.verified,
  };
}

function address(country: Country, customer: Customer | null) {
  return {
    first_name: customer?.person.first ?? "Guest",
    last_name: customer?.person.last ?? null,
    company: null,
    address1: "Straße 1, “Hinterhof”",
    address2: null,
    city: country.city,
    zip: country.zip,
    country: country.name,
    country_code: country.code,
    phone: customer?.phone ?? null,
  };
}

function guestEmail(order: Order): string | null {
  return order.number % 4 === 0 ? null : `guest.${order.number}@example.com`;
}
