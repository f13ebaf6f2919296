import {
  Controller,
  Injectable,
  ParseIntPipe,
  Scope,
  UseGuards,
  UsePipes,
  type CanActivate,
  type ExecutionContext,
  type PipeTransform,
} from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { RocketMQHeader, RocketMQMessageListener, type MessageExt } from '../../lib/index.js';
import { featureModule, Inbox, startApp } from '../support/nest-app.js';

describe('what is named by its class', () => {
  @Injectable()
  class Tags {
    readonly bad = 'bad';
  }
  @Injectable()
  class InjectedGuard implements CanActivate {
    constructor(private readonly tags: Tags) {}
    canActivate(context: ExecutionContext): boolean {
      return context.getArgs<[unknown, MessageExt]>()[1].tags !== this.tags.bad;
    }
  }
  class Upper implements PipeTransform {
    transform(value: unknown): unknown {
      return typeof value === 'string' ? value.toUpperCase() : value;
    }
  }

  it.each([
    ['', Scope.DEFAULT],
    [' of request scope', Scope.REQUEST],
  ])('stands before a listener that is a controller%s', async (_name, scope) => {
    const inbox = new Inbox<unknown[]>();
    @Controller({ scope })
    @UseGuards(InjectedGuard)
    @UsePipes(Upper)
    class Office {
      @RocketMQMessageListener('t', { consumerGroup: 'g' })
      handle(text: string, @RocketMQHeader('n', ParseIntPipe) n: number): void {
        inbox.push([text, n]);
      }
    }
    const office = featureModule({ controllers: [Office], providers: [Tags] });
    const app = await startApp({ imports: [office] });
    await app.template.syncSend('t:bad', 'bad', { properties: { n: '1' } });
    await app.logger.logged('failed (attempt 1, group g): ForbiddenException: Forbidden resource');
    await app.template.syncSend('t', 'good', { properties: { n: '2' } });
    expect(await inbox.take()).toEqual([['GOOD', 2]]);
  });
});
