import { Logger, type Type } from '@nestjs/common';
import type { DefaultMQProducer, MQClientInstance } from '../client/index.js';
import { escapedLogger } from '../common/logger.js';
import { aFunction, resolveOptions, type OptionRule, type OptionRules } from '../common/option-rules.js';
import type {
  RocketMQIdempotencyStore,
  RocketMQIdempotentOptions,
} from '../interfaces/idempotency.interface.js';
import { ttlBeyondMessages } from '../rocketmq.messages.js';
import type { ListenerEndpoint } from './listener-endpoint.js';
import { parseDuration } from '../common/duration.js';
import { BrokerIdempotencyStore } from '../idempotency/broker-idempotency-store.js';
import { IdempotentCalls } from './idempotent-calls.js';
import { MemoryIdempotencyStore } from '../idempotency/memory-idempotency-store.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Milliseconds that a lease or the knowledge of a key may last. */
const MAX_TIME = 365 * DAY;

const duration: OptionRule<number | string | undefined> = {
  default: undefined,
  allowed: 'milliseconds from 1 up to a year, or text such as "90s", "24h", "7d"',
  accepts: (value) => {
    const millis = millisOf(value);
    return Number.isSafeInteger(millis) && millis! >= 1 && millis! <= MAX_TIME;
  },
};

const rules: OptionRules<RocketMQIdempotentOptions> = {
  key: aFunction(),
  ttl: duration,
  lease: duration,
  store: {
    default: 'BROKER',
    allowed: "'BROKER', 'MEMORY', a store, or a class that is a provider of one",
    accepts: (value) =>
      value === 'BROKER' || value === 'MEMORY' || typeof value === 'function' || isStore(value),
  },
};

/** @throws ConfigurationError for a name that is no option, and for a value that is not allowed. */
export function checkIdempotentOptions(listener: string, options: RocketMQIdempotentOptions): void {
  resolveOptions(`@Idempotent(${listener})`, rules, options);
}

/** The stores of the application's listeners. */
export class IdempotencyStores {
  private readonly logger = escapedLogger(new Logger('RocketMQIdempotency'));

  constructor(
    private readonly instance: MQClientInstance,
    private readonly producer: Pick<DefaultMQProducer, 'send'>,
    /** @throws ConfigurationError when there is no such provider. */
    private readonly providerOf: (
      type: Type<RocketMQIdempotencyStore>,
      listener: string,
    ) => RocketMQIdempotencyStore,
    /** Hours that the engine keeps messages. Undefined: it is in another process, or a cluster. */
    private readonly fileReservedTime: number | undefined,
  ) {}

  /** The endpoint, called once for each key if it is to be. */
  wrapping(endpoint: ListenerEndpoint, group: string, consumeTimeoutMillis: number): ListenerEndpoint {
    const options = endpoint.idempotent;
    if (options === undefined) return endpoint;
    const { key = (_: unknown, { msgId }) => msgId, ttl = DAY, lease = consumeTimeoutMillis } = options;
    const times = { ttl: millisOf(ttl)!, lease: millisOf(lease)! };
    const store = this.storeOf(options.store, endpoint.name);
    if (store instanceof BrokerIdempotencyStore) this.checkTtl(endpoint.name, times.ttl);
    const calls = new IdempotentCalls(endpoint, { group, key, times, store });
    return { ...endpoint, invoke: calls.call.bind(calls) as ListenerEndpoint['invoke'] };
  }

  /** Records are messages. */
  private checkTtl(listener: string, ttl: number): void {
    const { fileReservedTime = Infinity } = this;
    if (ttl <= fileReservedTime * HOUR) return;
    this.logger.warn(ttlBeyondMessages(listener, Math.ceil(ttl / HOUR), fileReservedTime));
  }

  private storeOf(
    store: RocketMQIdempotentOptions['store'] = 'BROKER',
    listener: string,
  ): RocketMQIdempotencyStore {
    if (store === 'BROKER') return new BrokerIdempotencyStore(this.instance, this.producer);
    if (store === 'MEMORY') return new MemoryIdempotencyStore({}, this.instance.clock);
    return typeof store === 'function' ? this.providerOf(store, listener) : store;
  }
}

export function isStore(value: unknown): value is RocketMQIdempotencyStore {
  return typeof (value as Partial<RocketMQIdempotencyStore> | null | undefined)?.begin === 'function';
}

function millisOf(time: unknown): number | undefined {
  return typeof time === 'string' ? parseDuration(time) : (time as number | undefined);
}
