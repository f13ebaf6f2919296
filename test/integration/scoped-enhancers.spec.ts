import {
  Inject,
  Injectable,
  Scope,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, APP_PIPE, REQUEST } from '@nestjs/core';
import type { Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  RocketMQDeadLetterListener,
  RocketMQMessageListener,
  RocketMQReplyListener,
  type MessageExt,
} from '../../lib/index.js';
import { Inbox, listener, startApp } from '../support/nest-app.js';

describe('what the application has in request scope', () => {
  const steps = new Inbox<string>();
  @Injectable({ scope: Scope.REQUEST })
  class Scoped implements CanActivate, NestInterceptor, PipeTransform {
    constructor(@Inject(REQUEST) private readonly message: MessageExt) {}
    canActivate(): boolean {
      return this.message.tags !== 'bad';
    }
    intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
      steps.push(`around ${this.message.topic}`);
      return next.handle();
    }
    transform(value: unknown): unknown {
      return typeof value === 'string' ? `${value}!` : value;
    }
  }
  const providers = [APP_GUARD, APP_INTERCEPTOR, APP_PIPE].map((provide) => ({ provide, useClass: Scoped }));

  class ByMethod {
    @RocketMQMessageListener('t', { consumerGroup: 'g' })
    handle(text: string): void {
      steps.push(text);
    }
  }
  @RocketMQDeadLetterListener('others', { consumerGroup: 'g' })
  class OfDeadLetters {
    onMessage(text: string): void {
      steps.push(text);
    }
  }
  @RocketMQReplyListener('t', { consumerGroup: 'g' })
  class OfRequests {
    onMessage(text: string): string {
      steps.push(text);
      return text;
    }
  }

  it.each([
    ['a class', 't', listener<string>({ topic: 't', consumerGroup: 'g' }, steps.push)],
    ['a method', 't', ByMethod],
    ['dead letters', '%DLQ%others', OfDeadLetters],
    ['requests', 't', OfRequests],
  ])('stands before a provider that listens: %s', async (_name, topic, Listener) => {
    steps.received.length = 0;
    const app = await startApp({ providers: [Listener, ...providers] });
    await app.template.syncSend(`${topic}:bad`, 'bad');
    await app.logger.logged('failed (attempt 1, group g): ForbiddenException: Forbidden resource');
    await app.template.syncSend(topic, 'good');
    expect(await steps.take(2)).toEqual([`around ${topic}`, 'good!']);
  });

  it.each([
    ['warns of', 'with a method that listens', true, [ByMethod, ...providers]],
    ['says nothing of', 'that listens', false, [OfDeadLetters, ...providers]],
    ['says nothing of', 'before which nothing is scoped', false, [ByMethod]],
  ])('%s a class %s', async (_says, _what, isWarned, all) => {
    const { logger } = await startApp({ providers: all });
    const text = 'ByMethod has methods that listen, and is made anew for every message and request';
    expect(logger.lines.some((line) => line.startsWith(`WARN [RocketMQListener] ${text}`))).toBe(isWarned);
  });
});
