import type { Provider } from '@nestjs/common';
import type { EngineOptions } from '../../lib/engine/index.js';
import {
  MessageExt,
  type RocketMQConsumerOptions,
  type RocketMQMessageListenerOptions,
} from '../../lib/index.js';
import { Inbox, listener, startApp } from './nest-app.js';
import { VirtualClock } from './virtual-clock.js';

/** A call of a listener with a message. */
export interface Attempt {
  readonly text: string;
  /** Virtual milliseconds since the beginning. */
  readonly at: number;
  readonly times: number;
}

/** Options of the listener, and of the application. */
export interface ListenerSetup extends Partial<RocketMQMessageListenerOptions> {
  readonly consumer?: RocketMQConsumerOptions;
  readonly engine?: EngineOptions;
  readonly providers?: Provider[];
}

/** An application in virtual time whose listener does `handle`, with a listener of its dead-letter queue. */
export async function startListening(handle: (attempt: Attempt) => unknown, setup: ListenerSetup = {}) {
  const { consumer = {}, engine = {}, providers = [], ...options } = setup;
  const clock = new VirtualClock();
  const start = clock.now();
  const attempts = new Inbox<Attempt>();
  const dead = new Inbox<MessageExt>();
  const onMessage = (payload: unknown, given: MessageExt | readonly MessageExt[]) => {
    const [message] = [given].flat();
    const attempt = { text: String(payload), at: clock.now() - start, times: message!.reconsumeTimes };
    attempts.push(attempt);
    return handle(attempt);
  };
  const app = await startApp({
    clock,
    rocketmq: { consumer, engine },
    providers: [
      listener({ topic: 't', consumerGroup: 'g', messageType: String, ...options }, onMessage),
      listener({ topic: '%DLQ%g', consumerGroup: 'dead', messageType: MessageExt }, dead.push),
      ...providers,
    ],
  });
  return { app, clock, attempts, dead };
}

/** `text times`. */
export function brief({ text, times }: Attempt): string {
  return `${text} ${times}`;
}

/** `text times at`. */
export function timed(attempt: Attempt): string {
  return `${brief(attempt)} at ${attempt.at}`;
}
