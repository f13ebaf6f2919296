import { Injectable } from '@nestjs/common';

/** The printer of the shop. It is broken when the shop opens. */
@Injectable()
export class InvoicePrinter {
  private isBroken = true;

  repair(): void {
    this.isBroken = false;
  }

  print(orderId: string): void {
    if (this.isBroken) throw new Error(`The invoice of order ${orderId} cannot be printed`);
  }
}
