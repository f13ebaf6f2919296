import { Injectable } from '@nestjs/common';
import { RocketMQAttempt, RocketMQMessageListener } from 'nestjs-rocketmq';
import { Demand } from '../prices/demand.js';
import { Topics } from '../topics.js';

/** Lesson: several topics, attempts in place, and a parameter with a decorator. Whoever looks at an article, or asks what it costs, is counted once. */
@Injectable()
export class DemandListener {
  constructor(private readonly demand: Demand) {}

  @RocketMQMessageListener({ topic: [Topics.VISITS, Topics.PRICE_QUERIES], localRetry: { attempts: 2 } })
  count({ article }: { article: string }, @RocketMQAttempt() attempt: number): void {
    if (attempt === 1) this.demand.add(article);
  }
}
