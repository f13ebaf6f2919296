import { describe, expect, it } from 'vitest';
import {
  ArrivedRecords,
  SqlFilterCache,
  type Selection,
} from '../../../../lib/engine/broker/filter/message-filters.js';
import type { DefaultMessageStore } from '../../../../lib/engine/store/default-message-store.js';
import type { DispatchRequest } from '../../../../lib/engine/store/dispatch-request.js';
import { encodeRecord, innerMessage } from '../../../support/test-store.js';

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
