/** The topics of the shop. */
export const Topics = {
  /** Tags: `placed`, `paid`. */
  ORDERS: 'orders',
  ORDER_STEPS: 'order-steps',
  ORDER_TIMEOUTS: 'order-timeouts',
  ORDER_IMPORTS: 'order-imports',
  SHIPMENTS: 'shipments',
  INVOICES: 'invoices',
  PRICE_QUERIES: 'price-queries',
  PRICE_CHANGES: 'price-changes',
  VISITS: 'visits',
  REMINDERS: 'reminders',
} as const;
