import { Injectable } from '@nestjs/common';

/** How often somebody was interested in an article, since the start of the shop. */
@Injectable()
export class Demand {
  private readonly counts = new Map<string, number>();

  add(article: string): void {
    this.counts.set(article, this.of(article) + 1);
  }

  of(article: string): number {
    return this.counts.get(article) ?? 0;
  }
}
