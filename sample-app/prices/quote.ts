import { IsInt, IsPositive, IsString } from 'class-validator';

/** What so many of an article would cost. */
export class PriceQuery {
  @IsString()
  article!: string;
  @IsInt()
  @IsPositive()
  quantity!: number;
}

export class Quote {
  article!: string;
  quantity!: number;
  total!: number;
}
