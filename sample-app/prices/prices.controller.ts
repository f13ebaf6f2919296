import { Body, Controller, Get, HttpCode, NotFoundException, Param, Put } from '@nestjs/common';
import { IsPositive, IsNumber } from 'class-validator';
import { RocketMQTemplate } from 'nestjs-rocketmq';
import { Topics } from '../topics.js';
import { PriceCache } from './price-cache.js';

class PriceDto {
  @IsNumber()
  @IsPositive()
  price!: number;
}

@Controller('prices')
export class PricesController {
  constructor(
    private readonly rocketMQ: RocketMQTemplate,
    private readonly cache: PriceCache,
  ) {}

  @Put(':article')
  @HttpCode(202)
  async change(@Param('article') article: string, @Body() { price }: PriceDto): Promise<void> {
    await this.rocketMQ.syncSend(Topics.PRICE_CHANGES, { article, price });
  }

  @Get(':article')
  find(@Param('article') article: string): { article: string; price: number } {
    const price = this.cache.get(article);
    if (price === undefined) throw new NotFoundException(`There is no price of ${article}`);
    return { article, price };
  }
}
