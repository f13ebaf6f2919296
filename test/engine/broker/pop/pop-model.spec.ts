import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { MessageExt } from '../../../../lib/common/message-ext.js';
import { bodies } from '../../../support/test-peers.js';
import { SECOND } from '../../../support/virtual-clock.js';
import { PopBroker } from './pop-broker.js';

/** Until a message whose time is over is there for others. */
const REVIVE_TIME = 6 * SECOND;

interface Held {
  readonly message: MessageExt;
  readonly until: number;
}

type Step =
  | { readonly type: 'send' | 'restart' }
  | { readonly type: 'pop'; readonly count: number; readonly seconds: number }
  | { readonly type: 'ack' | 'batchAck'; readonly index: number }
  | { readonly type: 'change'; readonly index: number; readonly seconds: number }
  | { readonly type: 'pass'; readonly millis: number };

const seconds = fc.integer({ min: 2, max: 30 });
const index = fc.nat(50);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('send' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('restart' as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('pop' as const),
      count: fc.integer({ min: 1, max: 4 }),
      seconds,
    }),
  },
  { weight: 5, arbitrary: fc.record({ type: fc.constantFrom('ack' as const, 'batchAck' as const), index }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('change' as const), index, seconds }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('pass' as const), millis: fc.nat(20 * SECOND) }) },
);

/** A broker, and what must be true of its messages. */
class Model {
  private sent = 0;
  readonly acknowledged = new Set<string>();
  /** By body: who has it, until when. */
  private readonly held = new Map<string, Held>();

  constructor(private readonly broker: PopBroker) {}

  async run(next: Step): Promise<void> {
    switch (next.type) {
      case 'send':
        await this.broker.client.send('t', { body: `${this.sent}`, queueId: this.sent % 4 });
        this.sent++;
        return;
      case 'restart':
        return this.broker.restart();
      case 'pop':
        return this.pop(next.count, next.seconds * SECOND);
      case 'pass':
        return this.broker.pass(next.millis);
      case 'change':
        return this.change(next.index, next.seconds * SECOND);
      default:
        return this.acknowledge(next.index, next.type);
    }
  }

  /** Everything comes back in the end that was not acknowledged. */
  async finish(): Promise<void> {
    const got = new Set<string>();
    for (let round = 0; round < 2; round++) {
      await this.broker.pass(31 * SECOND + REVIVE_TIME);
      for (;;) {
        const { messages } = await this.broker.group.pop({ invisibleTime: 3600 * SECOND });
        if (messages.length === 0) break;
        for (const body of bodies(messages)) got.add(body);
      }
    }
    const expected = Array.from({ length: this.sent }, (_, i) => `${i}`);
    expect([...got].toSorted()).toEqual(expected.filter((body) => !this.acknowledged.has(body)).toSorted());
  }

  private async pop(maxMsgNums: number, invisibleTime: number): Promise<void> {
    const { messages, header } = await this.broker.group.pop({ maxMsgNums, invisibleTime });
    const now = this.broker.clock.now();
    for (const message of messages) {
      const [body] = bodies([message]);
      expect(this.acknowledged.has(body!), `message ${body} was acknowledged`).toBe(false);
      expect(this.held.get(body!)?.until ?? 0, `message ${body} is held`).toBeLessThanOrEqual(now);
      this.held.set(body!, { message, until: header!.popTime + invisibleTime });
    }
  }

  /** One of those that are not late. */
  private pick(i: number): [body: string, held: Held] | undefined {
    const now = this.broker.clock.now();
    const held = [...this.held].filter(([, { until }]) => until > now);
    return held[i % held.length];
  }

  private async acknowledge(i: number, type: 'ack' | 'batchAck'): Promise<void> {
    const picked = this.pick(i);
    if (picked === undefined) return;
    const [body, { message }] = picked;
    const { group } = this.broker;
    const { code } = await (type === 'ack' ? group.ack(message) : group.batchAck([message]));
    expect(code).toBe(0);
    this.acknowledged.add(body);
    this.held.delete(body);
  }

  private async change(i: number, invisibleTime: number): Promise<void> {
    const picked = this.pick(i);
    if (picked === undefined) return;
    const [body, { message }] = picked;
    const { code, header } = await this.broker.group.changeInvisibleTime(message, invisibleTime);
    expect(code).toBe(0);
    message.putProperty('POP_CK', changedPopCk(message, header!));
    this.held.set(body, { message, until: header!.popTime + invisibleTime });
  }
}

/** With the new times, and a portion of its own. */
function changedPopCk(message: MessageExt, times: { popTime: number; invisibleTime: number }): string {
  const parts = message.getProperty('POP_CK')!.split(' ');
  return [message.queueOffset, times.popTime, times.invisibleTime, ...parts.slice(3)].join(' ');
}

it(
  'messages belong to one consumer at a time, until they are acknowledged',
  { timeout: 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80 }), async (steps) => {
        const broker = await PopBroker.open();
        const model = new Model(broker);
        for (const next of steps) await model.run(next);
        await model.finish();
        await broker.close();
      }),
      { numRuns: 40 },
    );
  },
);
