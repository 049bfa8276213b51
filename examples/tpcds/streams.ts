/** A stream of this project as its files in dag/ declare it: what the sample must know of it. */
export interface TpcdsStream {
  /** Also the name of the table that dsdgen makes. */
  name: string;
  primaryKey: string[];
  /** Null: only the time of extraction tells which of two versions is later. */
  cursorField: "updated_at" | null;
}

export const tpcdsStreams: readonly TpcdsStream[] = [
  { name: "store_sales", primaryKey: ["ss_item_sk", "ss_ticket_number"], cursorField: "updated_at" },
  { name: "store_returns", primaryKey: ["sr_item_sk", "sr_ticket_number"], cursorField: null },
  { name: "web_sales", primaryKey: ["ws_item_sk", "ws_order_number"], cursorField: "updated_at" },
  { name: "customer", primaryKey: ["c_customer_sk"], cursorField: "updated_at" },
  { name: "customer_address", primaryKey: ["ca_address_sk"], cursorField: null },
  { name: "item", primaryKey: ["i_item_sk"], cursorField: "updated_at" },
  { name: "store", primaryKey: ["s_store_sk"], cursorField: null },
  { name: "date_dim", primaryKey: ["d_date_sk"], cursorField: null },
];
