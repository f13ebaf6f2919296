import { Controller, Get, HttpCode, NotFoundException, Param, Post } from '@nestjs/common';
import { MQClientError, RocketMQAdmin } from 'nestjs-rocketmq';
import { InvoicePrinter } from './invoice-printer.js';

const GROUP = 'invoices';
/** Dead messages that are shown. */
const MAX_SHOWN = 100;

interface DeadLetter {
  readonly msgId: string;
  readonly died: Date;
  readonly body: string;
}

/** Lesson: what is dead can be looked at, and sent again when its reason is gone. */
@Controller()
export class InvoicesController {
  constructor(
    private readonly admin: RocketMQAdmin,
    private readonly printer: InvoicePrinter,
  ) {}

  @Post('printer/repair')
  @HttpCode(204)
  repair(): void {
    this.printer.repair();
  }

  @Get('dead-letters')
  async deadLetters(): Promise<DeadLetter[]> {
    const found: DeadLetter[] = [];
    for await (const { msgId, storeTimestamp, body } of this.admin.deadLetters(GROUP, { max: MAX_SHOWN }))
      found.push({ msgId, died: new Date(storeTimestamp), body: body.toString() });
    return found;
  }

  @Post('dead-letters/:id/resend')
  @HttpCode(202)
  async resend(@Param('id') id: string): Promise<void> {
    try {
      await this.admin.resendDeadLetter(GROUP, id);
    } catch (error) {
      if (error instanceof MQClientError && !error.retryable) throw new NotFoundException(error.message);
      throw error;
    }
  }

  /** All that there are. */
  @Post('dead-letters/resend')
  @HttpCode(202)
  async resendAll(): Promise<{ sent: number }> {
    return { sent: await this.admin.resendDeadLetters(GROUP) };
  }
}
