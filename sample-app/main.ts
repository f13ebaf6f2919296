import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(AppModule);
  app.enableShutdownHooks();
  try {
    await app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
  } catch (error) {
    // Listeners run already, and would go on without the shop.
    await app.close();
    throw error;
  }
  printGuide(await app.getUrl());
}

function printGuide(url: string): void {
  console.log(`
The order shop is open at ${url}

  Place an order      curl -X POST ${url}/orders -H 'Content-Type: application/json' \\
                           -d '{"article":"rocket","quantity":2}'
  See what happened   curl ${url}/orders/ID
  Pay it              curl -X POST ${url}/orders/ID/pay
  Import orders       npm run sample:orders && curl -X POST ${url}/orders/import \\
                           -H 'Content-Type: application/x-ndjson' --data-binary @orders.jsonl
  Change a price      curl -X PUT ${url}/prices/rocket -H 'Content-Type: application/json' -d '{"price":42}'
  Ask for a quote     curl ${url}/prices/rocket/quote/3
  See its demand      curl ${url}/prices/rocket/demand
  Look at a topic     curl ${url}/messages/orders
  Set a reminder      curl -X POST ${url}/reminders -H 'Content-Type: application/json' \\
                           -d "{\\"text\\":\\"call\\",\\"at\\":\\"$(node -p 'new Date(Date.now() + 6e4).toISOString()')\\"}"
  See those due       curl ${url}/reminders
  Take one back       curl -X DELETE ${url}/reminders/ID
  See dead invoices   curl ${url}/dead-letters
  Try one again       curl -X POST ${url}/printer/repair && curl -X POST ${url}/dead-letters/MSG_ID/resend

An order is stored before it is answered. Its steps follow in order; shipping fails twice and then works; its invoice cannot
be printed and ends in the dead-letter queue until the printer is repaired; what is not paid within ten seconds is closed. Kill the process at any moment
and start it again: everything goes on where it was.
`);
}

bootstrap().catch((error: unknown) => {
  new Logger('Shop').error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
