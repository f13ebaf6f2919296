import { BadRequestException, ConflictException, Injectable } from '@nestjs/common';
import { MQBrokerError, MQClientError, RocketMQTemplate } from 'nestjs-rocketmq';
import { Topics } from '../topics.js';
import type { CreateReminderDto } from './reminder.js';

/** Reminders that came, the newest last. */
const MAX_SHOWN = 100;

/** Lesson: timed messages, which come at a time of their own and can be taken back until then. */
@Injectable()
export class RemindersService {
  private readonly came: string[] = [];

  constructor(private readonly rocketMQ: RocketMQTemplate) {}

  /** The handle is all that is needed to take the reminder back, in any instance and after any restart. */
  async create({ text, at }: CreateReminderDto): Promise<{ id: string }> {
    const sent = await this.rocketMQ
      .syncSend(Topics.REMINDERS, { text }, { deliverAt: at })
      .catch((error: unknown) => refuse(error));
    if (sent.recallHandle === undefined) throw new BadRequestException('The time of the reminder is over');
    return { id: sent.recallHandle };
  }

  async cancel(id: string): Promise<void> {
    try {
      await this.rocketMQ.recall(Topics.REMINDERS, id);
    } catch (error) {
      if (error instanceof MQBrokerError || error instanceof MQClientError)
        throw new ConflictException(`The reminder cannot be taken back: ${error.message}`);
      throw error;
    }
  }

  add(text: string): void {
    this.came.push(text);
    if (this.came.length > MAX_SHOWN) this.came.shift();
  }

  all(): readonly string[] {
    return this.came;
  }
}

/** A time that is too far away is the customer's mistake. */
function refuse(error: unknown): never {
  if (error instanceof MQBrokerError && error.responseCode === 13)
    throw new BadRequestException(error.message);
  throw error;
}
