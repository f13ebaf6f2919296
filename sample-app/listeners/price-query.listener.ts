import { Injectable } from '@nestjs/common';
import { RocketMQReplyListener } from 'nestjs-rocketmq';
import { PriceCache } from '../prices/price-cache.js';
import { PriceQuery, type Quote } from '../prices/quote.js';
import { Topics } from '../topics.js';

/** Lesson: request and reply. What is returned goes to who asked; so does the error, which the caller gets at once. */
@Injectable()
@RocketMQReplyListener({ topic: Topics.PRICE_QUERIES, messageType: PriceQuery, replyErrors: true })
export class PriceQueryListener implements RocketMQReplyListener<PriceQuery, Quote> {
  constructor(private readonly cache: PriceCache) {}

  onMessage({ article, quantity }: PriceQuery): Quote {
    const price = this.cache.get(article);
    if (price === undefined) throw new RangeError(`There is no price of ${article}`);
    return { article, quantity, total: price * quantity };
  }
}
