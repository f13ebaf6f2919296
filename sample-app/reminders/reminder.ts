import { Type } from 'class-transformer';
import { IsDate, IsString, Length } from 'class-validator';

/** What somebody wants to be reminded of, and when. */
export class CreateReminderDto {
  @IsString()
  @Length(1, 200)
  text!: string;

  /** An ISO date; up to three days away. */
  @Type(() => Date)
  @IsDate()
  at!: Date;
}

/** A reminder on its way. */
export class ReminderMessage {
  @IsString()
  text!: string;
}
