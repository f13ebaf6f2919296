import { expect, it } from 'vitest';
import type { Message } from '../../../lib/common/message.js';
import type { DefaultMQProducer } from '../../../lib/client/index.js';
import { AsyncTraceDispatcher } from '../../../lib/client/trace/async-trace-dispatcher.js';
import { decodeTraces, type MessageTrace } from '../../../lib/client/trace/trace-data-encoder.js';
import { startEngine } from '../../support/test-engine.js';
import { startInstance } from '../../support/test-peers.js';
import { RecordingLogger } from '../../support/test-store.js';
import { VirtualClock } from '../../support/virtual-clock.js';

const trace = (msgId: string): MessageTrace => ({
  traceType: 'SubBefore',
  timestamp: 1,
  regionId: 'R',
  groupName: 'g',
  requestId: 'r',
  msgId,
  retryTimes: 0,
  keys: 'k',
});

/** A dispatcher whose messages are sent when a test says so. */
async function setUp() {
  const clock = new VirtualClock();
  const logger = new RecordingLogger();
  const sent: Message[] = [];
  const answers: ((error?: Error) => void)[] = [];
  const producer = {
    start: () => {},
    shutdown: () => {},
    sendAsync: (message: Message) => {
      sent.push(message);
      return new Promise<void>((resolve, reject) => answers.push((e) => (e ? reject(e) : resolve())));
    },
  } as unknown as DefaultMQProducer;
  const instance = startInstance(await startEngine({ clock }), { clock, logger });
  const dispatcher = new AsyncTraceDispatcher(instance, producer, 'trace');
  dispatcher.start();
  return { clock, logger, sent, answers, dispatcher };
}

it('sends ten records at once, and fewer after five seconds', async () => {
  const { clock, sent, dispatcher } = await setUp();
  for (let i = 0; i < 12; i++) dispatcher.append(trace(`m${i}`));
  expect(sent.map(({ body }) => decodeTraces(body.toString()).length)).toEqual([10]);
  await clock.advance(4999);
  expect(sent).toHaveLength(1);
  await clock.advance(1);
  expect(sent[1]!.getProperty('KEYS')).toBe('m10 k m11');
});

it('says of records that come after its end why they are lost', async () => {
  const { sent, dispatcher, logger } = await setUp();
  await dispatcher.shutdown();
  dispatcher.append(trace('late'));
  expect(sent).toEqual([]);
  expect(logger.lines).toEqual([
    'WARN 1 records of the message trace (trace) are lost since the start: it has ended',
  ]);
});

it('drops what is too much, and what cannot be sent, and says so', async () => {
  const { sent, answers, dispatcher, logger, clock } = await setUp();
  for (let i = 0; i < 5000; i++) dispatcher.append(trace(`m${i}`));
  const records = sent.reduce((sum, { body }) => sum + decodeTraces(body.toString()).length, 0);
  expect(records).toBeLessThanOrEqual(2048);
  expect(logger.lines.filter((line) => line.includes('too many wait'))).toHaveLength(1);
  for (const answer of answers) answer(new Error('no trace topic'));
  await clock.advance(60_000);
  dispatcher.append(trace('later'));
  await clock.advance(5000);
  expect(decodeTraces(sent.at(-1)!.body.toString())).toEqual([trace('later')]);
});

it('waits at its end for what is on its way', async () => {
  const { sent, answers, dispatcher } = await setUp();
  dispatcher.append(trace('m'));
  let hasEnded = false;
  const end = dispatcher.shutdown().then(() => (hasEnded = true));
  expect([sent.length, hasEnded]).toEqual([1, false]);
  answers[0]!();
  await end;
});

it('sends large records by themselves, as the keys of all must fit in a message', async () => {
  const { clock, sent, dispatcher } = await setUp();
  const large = { ...trace('m0'), keys: 'k'.repeat(30_000) };
  for (const record of [large, trace('m1'), trace('m2')]) dispatcher.append(record);
  await clock.advance(5000);
  expect(sent.map(({ keys }) => keys!.slice(0, 7))).toEqual(['m0 kkkk', 'm1 k m2']);
});
