import { Body, Controller, Get, HttpCode, NotFoundException, Param, ParseIntPipe, Put } from '@nestjs/common';
import { IsPositive, IsNumber } from 'class-validator';
import { RocketMQRemoteError, RocketMQTemplate } from 'nestjs-rocketmq';
import { Topics } from '../topics.js';
import { Demand } from './demand.js';
import { PriceCache } from './price-cache.js';
import { Quote } from './quote.js';

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
    private readonly demand: Demand,
  ) {}

  @Put(':article')
  @HttpCode(202)
  async change(@Param('article') article: string, @Body() { price }: PriceDto): Promise<void> {
    await this.rocketMQ.syncSend(Topics.PRICE_CHANGES, { article, price });
  }

  @Get(':article/quote/:quantity')
  async quote(
    @Param('article') article: string,
    @Param('quantity', ParseIntPipe) quantity: number,
  ): Promise<Quote> {
    try {
      return await this.rocketMQ.sendAndReceive(Topics.PRICE_QUERIES, { article, quantity }, Quote);
    } catch (error) {
      if (error instanceof RocketMQRemoteError) throw new NotFoundException(error.message);
      throw error;
    }
  }

  @Get(':article/demand')
  demandOf(@Param('article') article: string): { article: string; times: number } {
    return { article, times: this.demand.of(article) };
  }

  @Get(':article')
  find(@Param('article') article: string): { article: string; price: number } {
    const price = this.cache.get(article);
    if (price === undefined) throw new NotFoundException(`There is no price of ${article}`);
    return { article, price };
  }
}
