import { Injectable } from '@nestjs/common';

/** Prices in memory: every instance of the shop has its own. */
@Injectable()
export class PriceCache {
  private readonly prices = new Map<string, number>();

  set(article: string, price: number): void {
    this.prices.set(article, price);
  }

  get(article: string): number | undefined {
    return this.prices.get(article);
  }
}
