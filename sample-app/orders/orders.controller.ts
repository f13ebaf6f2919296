import type { Readable } from 'node:stream';
import {
  Body,
  Controller,
  Get,
  HttpCode,
  NotFoundException,
  Param,
  Post,
  Req,
  UseInterceptors,
} from '@nestjs/common';
import { BusyInterceptor } from './busy.interceptor.js';
import { OrderJournal, type OrderView } from './order-journal.js';
import { readOrderLines } from './order-lines.js';
import { CreateOrderDto, type OrderMessage } from './order.js';
import { OrdersService } from './orders.service.js';

const BATCH_SIZE = 100;
/** Faults that an import reports one by one. */
const MAX_REPORTED_FAULTS = 20;

interface ImportReport {
  accepted: number;
  rejected: number;
  faults: { line: number; fault: string }[];
}

@Controller('orders')
@UseInterceptors(BusyInterceptor)
export class OrdersController {
  constructor(
    private readonly orders: OrdersService,
    private readonly journal: OrderJournal,
  ) {}

  @Post()
  place(@Body() dto: CreateOrderDto): Promise<{ id: string; msgId: string }> {
    return this.orders.place(dto);
  }

  @Get(':id')
  find(@Param('id') id: string): OrderView {
    const order = this.journal.find(id);
    if (order === undefined)
      throw new NotFoundException(`There is no order ${id}, or its message is still on its way`);
    return order;
  }

  @Post(':id/pay')
  @HttpCode(202)
  async pay(@Param('id') id: string): Promise<void> {
    this.find(id);
    await this.orders.pay(id);
  }

  /** Takes a file of JSON lines; lines that are no orders are reported, the others are imported. */
  @Post('import')
  @HttpCode(200)
  async import(@Req() request: Readable): Promise<ImportReport> {
    const report: ImportReport = { accepted: 0, rejected: 0, faults: [] };
    let batch: OrderMessage[] = [];
    const send = async (): Promise<void> => {
      if (batch.length > 0) await this.orders.importBatch(batch);
      report.accepted += batch.length;
      batch = [];
    };
    for await (const entry of readOrderLines(request)) {
      if ('order' in entry) batch.push(entry.order);
      else if (++report.rejected <= MAX_REPORTED_FAULTS) report.faults.push(entry);
      if (batch.length === BATCH_SIZE) await send();
    }
    await send();
    return report;
  }
}
