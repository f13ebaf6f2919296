import { describe, expect, it } from 'vitest';
import { decodeMessages } from '../../../../lib/common/message-decoder.js';
import {
  ArrivedRecords,
  SqlFilterCache,
  type Selection,
} from '../../../../lib/engine/broker/filter/message-filters.js';
import type { DefaultMessageStore } from '../../../../lib/engine/store/default-message-store.js';
import type { DispatchRequest } from '../../../../lib/engine/store/dispatch-request.js';
import { bodies } from '../../../support/test-peers.js';
import { encodeRecord, innerMessage } from '../../../support/test-store.js';
import { TimerBroker } from '../../../support/timer-broker.js';

const TAG = 7;

/** Records by their offset, which is the price of each; others are not there. */
function open(...prices: readonly number[]) {
  const looked: number[] = [];
  const store = {
    lookMessageByOffset(offset: number) {
      looked.push(offset);
      if (!prices.includes(offset)) return undefined;
      return encodeRecord(innerMessage({ properties: new Map([['price', `${offset}`]]) }));
    },
  };
  const arrived = new ArrivedRecords(store as unknown as DefaultMessageStore);
  const requestOf = (commitLogOffset: number) => ({ commitLogOffset, tagsCode: TAG }) as DispatchRequest;
  return { looked, arrived, requestOf };
}

const sql = (expression: string) => (new SqlFilterCache().select(expression) as Selection).filter;

describe('ArrivedRecords', () => {
  it('reads a message once, however many expressions it is compared with', () => {
    const { looked, arrived, requestOf } = open(5, 9);
    for (const price of [5, 9]) {
      const request = requestOf(price);
      expect(arrived.isWanted(request, sql('price > 4'))).toBe(true);
      expect(arrived.isWanted(request, sql('price > 6'))).toBe(price > 6);
      expect(arrived.isWanted(request, sql('price < 4'))).toBe(false);
    }
    expect(looked).toEqual([5, 9]);
  });

  it('takes what cannot be read for wanted, and looks for it once', () => {
    const { looked, arrived, requestOf } = open();
    const request = requestOf(1);
    for (const expression of ['price > 4', 'price < 4'])
      expect(arrived.isWanted(request, sql(expression))).toBe(true);
    expect(looked).toEqual([1]);
  });

  it('reads nothing for tags', () => {
    const { looked, arrived, requestOf } = open(1);
    expect(arrived.isWanted(requestOf(1), undefined)).toBe(true);
    expect(arrived.isWanted(requestOf(1), { ofUnit: (tagsCode) => tagsCode === TAG })).toBe(true);
    expect(looked).toEqual([]);
  });
});

describe('A filter by tags', () => {
  it('leaves to the consumer what Apache wrote with an address of consumequeue_ext in place of the code', async () => {
    const broker = await TimerBroker.open();
    for (const tag of ['a', 'b', 'c']) await broker.send(tag, { TAGS: tag });
    await broker.close();
    const address = Buffer.alloc(8);
    address.writeBigInt64BE(-(2n ** 63n) + 20n);
    broker.disk.damage('/store/consumequeue/t/0/00000000000000000000', 12, address);
    await broker.start();
    const { body, header } = await broker.client.pull('t', 'g', { subscription: 'c' });
    expect(bodies(decodeMessages(body!))).toEqual(['a', 'c']);
    expect(header!.nextBeginOffset).toBe(3);
  });
});
