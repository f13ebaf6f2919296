import { Injectable } from '@nestjs/common';
import { RocketMQMessageListener, type RocketMQListener } from 'nestjs-rocketmq';
import { ReminderMessage } from '../reminders/reminder.js';
import { RemindersService } from '../reminders/reminders.service.js';
import { Topics } from '../topics.js';

/** Lesson: timed messages. It is called at the time of the reminder, unless that was taken back. */
@Injectable()
@RocketMQMessageListener({ topic: Topics.REMINDERS, messageType: ReminderMessage })
export class ReminderListener implements RocketMQListener<ReminderMessage> {
  constructor(private readonly reminders: RemindersService) {}

  onMessage({ text }: ReminderMessage): void {
    this.reminders.add(text);
  }
}
