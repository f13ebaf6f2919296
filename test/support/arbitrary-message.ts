import fc from 'fast-check';
import type { MessageExtBrokerInner } from '../../lib/engine/store/message-ext-broker-inner.js';
import type { RecordPlace } from './test-store.js';

const TOPIC_CHARACTERS = Array.from('abcxyzABCXYZ0189_-%|');
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

/** Any text that a property can carry: not empty, without the two separators. */
export const propertyText = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .filter((text) => !text.includes('\u0001') && !text.includes('\u0002'));

const host = fc.record({
  address: fc
    .oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))
    .map((bytes) => Buffer.from(bytes)),
  port: fc.integer({ min: 0, max: 65_535 }),
});

/** Messages with every kind of topic, host, body and properties. */
export const anyMessage: fc.Arbitrary<MessageExtBrokerInner> = fc.record({
  topic: fc.string({ unit: fc.constantFrom(...TOPIC_CHARACTERS), minLength: 1, maxLength: 255 }),
  queueId: fc.nat(1023),
  flag: int32,
  sysFlag: fc.nat(0x7ff),
  bornTimestamp: fc.maxSafeNat(),
  bornHost: host,
  storeHost: host,
  reconsumeTimes: fc.nat(),
  preparedTransactionOffset: fc.maxSafeNat(),
  body: fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
  properties: fc.array(fc.tuple(propertyText, propertyText)).map((entries) => new Map(entries)),
  brokerProperties: fc.constant(Buffer.alloc(0)),
});

export const anyPlace: fc.Arbitrary<RecordPlace> = fc.record({
  queueOffset: fc.maxSafeNat(),
  commitLogOffset: fc.maxSafeNat(),
  storeTimestamp: fc.maxSafeNat(),
  withoutChecksum: fc.boolean(),
});
