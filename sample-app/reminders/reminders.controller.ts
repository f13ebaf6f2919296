import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { CreateReminderDto } from './reminder.js';
import { RemindersService } from './reminders.service.js';

@Controller('reminders')
export class RemindersController {
  constructor(private readonly reminders: RemindersService) {}

  @Post()
  create(@Body() dto: CreateReminderDto): Promise<{ id: string }> {
    return this.reminders.create(dto);
  }

  @Delete(':id')
  @HttpCode(204)
  cancel(@Param('id') id: string): Promise<void> {
    return this.reminders.cancel(id);
  }

  /** Those that came. */
  @Get()
  all(): readonly string[] {
    return this.reminders.all();
  }
}
