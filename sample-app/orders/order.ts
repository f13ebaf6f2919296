import { IsInt, IsPositive, IsString, Length, Matches, Max } from 'class-validator';

/** What a customer orders. */
export class CreateOrderDto {
  @IsString()
  @Length(1, 100)
  article!: string;

  @IsInt()
  @IsPositive()
  @Max(1000)
  quantity!: number;
}

/** An order on its way through the shop. */
export class OrderMessage extends CreateOrderDto {
  @Matches(/^[\w-]{1,64}$/)
  id!: string;
}

/** A message about an order that is known already. */
export class OrderReference {
  @Matches(/^[\w-]{1,64}$/)
  id!: string;
}

/** One step of an order; the steps of an order must come in their order. */
export class OrderStep extends OrderReference {
  @IsString()
  step!: string;
}
