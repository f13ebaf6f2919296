import { Injectable } from '@nestjs/common';
import { RocketMQMessageListener, type RocketMQListener } from 'nestjs-rocketmq';
import { PriceCache } from '../prices/price-cache.js';
import { Topics } from '../topics.js';

interface PriceChange {
  readonly article: string;
  readonly price: number;
}

/** Lesson: broadcasting. Every instance of the shop gets every change, for its own cache. */
@Injectable()
@RocketMQMessageListener({ topic: Topics.PRICE_CHANGES, messageModel: 'BROADCASTING' })
export class PriceCacheListener implements RocketMQListener<PriceChange> {
  constructor(private readonly cache: PriceCache) {}

  onMessage({ article, price }: PriceChange): void {
    this.cache.set(article, price);
  }
}
