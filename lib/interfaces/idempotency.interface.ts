import type { Type } from '@nestjs/common';
import type { MessageExt } from '../common/message-ext.js';

/**
 * Options of `@Idempotent`.
 *
 * @publicApi
 */
export interface RocketMQIdempotentOptions {
  /**
   * What makes a message the same as another, such as the id of its order; of a batch listener too it is asked of each message. Default:
   * the `msgId`, which is the same when a message comes again, but not when its sender sends it again.
   */
  key?: ((payload: never, message: MessageExt) => string | number) | undefined;
  /**
   * How long it is known that a message was handled: milliseconds, or text as `'24h'`. With store `BROKER` not longer than the broker
   * keeps messages (`fileReservedTime`, 72 hours). Default: 24 hours.
   */
  ttl?: number | string | undefined;
  /**
   * How long a call may take before it counts as given up, because its process was killed, in the same units. Meanwhile a message with
   * the same key waits. Default: `consumeTimeout`.
   */
  lease?: number | string | undefined;
  /**
   * Where it is noted: `BROKER`, in a topic, for all members of the group and across restarts; `MEMORY`, in this process, the newest 100,000
   * keys; an object, or a provider by its class. Default: `BROKER`.
   */
  store?: 'BROKER' | 'MEMORY' | RocketMQIdempotencyStore | Type<RocketMQIdempotencyStore> | undefined;
}

/**
 * What a store knows of a key. With `NEW` the key is the caller's, who says at the end how it went: `done`, or `release` for another
 * attempt. What it says when its lease is over, and the key another's, must not harm.
 *
 * @publicApi
 */
export type RocketMQIdempotencyAnswer =
  | { readonly state: 'NEW'; done(): void | Promise<void>; release(): void | Promise<void> }
  | { readonly state: 'DONE' }
  | {
      readonly state: 'IN_PROGRESS';
      /** Milliseconds until its lease is over. */ readonly forMillis: number;
    };

/**
 * Knows which messages were handled. Of several calls with one key at the same moment at most one may get `NEW`.
 *
 * @publicApi
 */
export interface RocketMQIdempotencyStore {
  /**
   * Takes a key, if nobody has it and it is not done. When it throws the message comes again.
   *
   * @param key 64 hexadecimal digits, of group, listener and the listener's key.
   * @param times in milliseconds.
   */
  begin(
    key: string,
    times: { readonly ttl: number; readonly lease: number },
  ): RocketMQIdempotencyAnswer | Promise<RocketMQIdempotencyAnswer>;
}
