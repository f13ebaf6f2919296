import { join } from 'node:path';
import { Module, ValidationPipe } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { RocketMQModule } from 'nestjs-rocketmq';
import { InvoicePrinter } from './invoices/invoice-printer.js';
import { InvoicesController } from './invoices/invoices.controller.js';
import { DeadInvoiceListener } from './listeners/dead-invoice.listener.js';
import { DemandListener } from './listeners/demand.listener.js';
import { ImportedOrderListener } from './listeners/imported-order.listener.js';
import { InvoiceListener } from './listeners/invoice.listener.js';
import { LargeOrderListener } from './listeners/large-order.listener.js';
import { OrderStepsListener } from './listeners/order-steps.listener.js';
import { PackingListener } from './listeners/packing.listener.js';
import { PaymentTransactions } from './listeners/payment-transactions.js';
import { PaidOrderListener } from './listeners/paid-order.listener.js';
import { PlacedOrderListener } from './listeners/placed-order.listener.js';
import { PriceCacheListener } from './listeners/price-cache.listener.js';
import { PriceQueryListener } from './listeners/price-query.listener.js';
import { ReminderListener } from './listeners/reminder.listener.js';
import { ShippingListener } from './listeners/shipping.listener.js';
import { UnpaidOrderListener } from './listeners/unpaid-order.listener.js';
import { MessagesController } from './messages/messages.controller.js';
import { OrderJournal } from './orders/order-journal.js';
import { OrdersController } from './orders/orders.controller.js';
import { OrdersService } from './orders/orders.service.js';
import { PaymentStore } from './orders/payment-store.js';
import { Demand } from './prices/demand.js';
import { PriceCache } from './prices/price-cache.js';
import { PricesController } from './prices/prices.controller.js';
import { RemindersController } from './reminders/reminders.controller.js';
import { RemindersService } from './reminders/reminders.service.js';

/** Where the shop keeps its data; the engine has its store beside the journal of orders. */
const DATA = process.env.SHOP_DATA ?? '.rocketmq';

@Module({
  imports: [
    RocketMQModule.forRoot({
      // Listeners that leave the sharing of queues to the broker pop.
      engine: { storePathRootDir: join(DATA, 'store'), defaultMessageRequestMode: 'POP' },
      producer: { group: 'shop' },
      consumer: { consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET', awaitTerminationMillisWhenShutdown: 30_000 },
    }),
  ],
  controllers: [
    OrdersController,
    PricesController,
    MessagesController,
    RemindersController,
    InvoicesController,
  ],
  providers: [
    { provide: APP_PIPE, useValue: new ValidationPipe({ whitelist: true, transform: true }) },
    { provide: OrderJournal, useFactory: () => new OrderJournal(join(DATA, 'orders.jsonl')) },
    { provide: PaymentStore, useFactory: () => new PaymentStore(join(DATA, 'payments.sqlite')) },
    PaymentTransactions,
    OrdersService,
    PriceCache,
    PlacedOrderListener,
    PaidOrderListener,
    PackingListener,
    LargeOrderListener,
    OrderStepsListener,
    UnpaidOrderListener,
    ImportedOrderListener,
    PriceCacheListener,
    PriceQueryListener,
    Demand,
    DemandListener,
    ShippingListener,
    InvoicePrinter,
    InvoiceListener,
    DeadInvoiceListener,
    RemindersService,
    ReminderListener,
  ],
})
export class AppModule {}
