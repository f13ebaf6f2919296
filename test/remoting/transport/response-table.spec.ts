import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { ResponseTable } from '../../../lib/remoting/transport/response-table.js';
import { TcpCall } from '../../../lib/remoting/transport/tcp-call.js';

const CALLBACK = { onResponse: () => {}, onError: () => {} };

function ask(table: ResponseTable): TcpCall {
  return new TcpCall(table, table.nextOpaque(), RequestCode.PULL_MESSAGE, CALLBACK, 1000, 1000);
}

describe('the table of requests that wait', () => {
  it('finds exactly those that wait, by their numbers, however many come and go', () => {
    const step = fc.oneof(
      fc.constant({ ask: true, which: 0 }),
      fc.record({ ask: fc.constant(false), which: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const table = new ResponseTable();
        const waiting = new Map<number, TcpCall>();
        const ended: number[] = [];
        for (const { ask: asks, which } of steps) {
          const call = asks ? ask(table) : [...waiting.values()][which % (waiting.size || 1)];
          if (call === undefined) continue;
          if (asks) {
            expect(waiting.has(call.opaque)).toBe(false);
            waiting.set(call.opaque, call);
          } else {
            call.reply(undefined as never);
            waiting.delete(call.opaque);
            ended.push(call.opaque);
          }
        }
        for (const [opaque, call] of waiting) expect(table.find(opaque)).toBe(call);
        for (const opaque of ended) expect(table.find(opaque)).toBeUndefined();
        expect(new Set(table.members())).toEqual(new Set(waiting.values()));
        expect(table.isEmpty).toBe(waiting.size === 0);
      }),
    );
  });

  it('keeps requests that wait for long while numbers go round', () => {
    const table = new ResponseTable();
    const held = Array.from({ length: 100 }, () => ask(table));
    const numbers = new Set<number>();
    for (let i = 0; i < 10_000; i++) {
      const call = ask(table);
      numbers.add(call.opaque);
      call.reply(undefined as never);
    }
    expect(numbers.size).toBe(10_000);
    for (const call of held) expect(table.find(call.opaque)).toBe(call);
  });

  it('takes an answer with a number that nobody waits for, whatever it is, for nobody', () => {
    const table = new ResponseTable();
    const { opaque } = ask(table);
    for (const other of [opaque + 64, opaque - 64, -1, 0, 0x7fffffff, -0x80000000])
      expect(table.find(other)).toBeUndefined();
  });
});
