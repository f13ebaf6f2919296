import { describe, expect, it } from 'vitest';
import type { ProducerConfig } from '../../../lib/client/index.js';
import { MQClientError } from '../../../lib/errors/index.js';
import { failure, success } from '../../../lib/remoting/remoting-command.js';
import { ResponseCode } from '../../../lib/remoting/response-code.js';
import { ScriptedTransport, routeOf } from '../../support/scripted-transport.js';
import { message, startProducer } from '../../support/test-peers.js';
import { settle, VirtualClock } from '../../support/virtual-clock.js';

function open(producer: Partial<ProducerConfig>) {
  const clock = new VirtualClock();
  const transport = new ScriptedTransport();
  const cluster = { namesrvAddrs: ['ns:1'], connect: () => transport, close: async () => {} };
  transport.routes.set('t', routeOf(2, 'a', 'b'));
  return { clock, transport, producer: startProducer(cluster, { clock, producer }) };
}

const stored = () =>
  success<never>({ msgId: 'id', queueId: 0, queueOffset: 5, regionId: 'r' } as never, undefined as never);
const refused = (code: ResponseCode) => failure(code, 'because');

describe('asynchronous sends with a bound', () => {
  const bound = { enableBackpressureForAsyncMode: true, backPressureForAsyncSendNum: 2 };

  it('are not under way in greater number, batches among them', async () => {
    const { transport, producer } = open(bound);
    const results = [
      producer.sendAsync(message('t', '1')),
      producer.sendBatchAsync([message('t', '2'), message('t', '3')]),
      producer.sendAsync(message('t', '4')),
    ];
    await settle();
    expect(transport.calls).toHaveLength(2);
    transport.calls[0]!.answer(stored());
    await settle();
    expect(transport.calls).toHaveLength(3);
    transport.calls[1]!.answer(refused(ResponseCode.SYSTEM_BUSY));
    transport.calls[2]!.answer(stored());
    const ends = await Promise.allSettled(results);
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(transport.calls).toHaveLength(3);
  });

  it('give their place back after every error, and take none for an illegal message', async () => {
    const { clock, transport, producer } = open({ ...bound, retryTimesWhenSendAsyncFailed: 0 });
    for (let i = 0; i < 5; i++) await expect(producer.sendAsync(message('t', ''))).rejects.toThrow('zero');
    transport.respond = (call) => call.fail(new MQClientError('no connection', { retryable: true }));
    for (let i = 0; i < 5; i++)
      await expect(producer.sendAsync(message('t'))).rejects.toThrow('no connection');
    transport.respond = undefined;
    const sent = [1, 2, 3].map(() => producer.sendAsync(message('t'), { timeout: 100 }));
    const ends = Promise.allSettled(sent);
    await clock.advance(100);
    transport.calls.forEach((call) => call.answer(stored()));
    const [first, , last] = await ends;
    expect(transport.calls).toHaveLength(2);
    expect(first!.status).toBe('fulfilled');
    expect(last).toMatchObject({ reason: { retryable: true, topic: 't' } });
  });

  it('are handed over in the order of their calls', async () => {
    const { transport, producer } = open({ ...bound, backPressureForAsyncSendNum: 3 });
    const send = (body: string): void =>
      void producer.sendAsync(message('t', body)).then(
        () => send(`${body}+`),
        () => {},
      );
    for (const body of ['a', 'b', 'c', 'd', 'e', 'f']) send(body);
    await settle();
    for (const call of transport.calls.slice(0, 3)) call.answer(stored());
    await settle();
    const sent = transport.calls.map(({ request }) => (request.body as Buffer).toString());
    expect(sent).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    for (const call of transport.calls.slice(3, 6)) call.answer(stored());
    await settle();
    expect(transport.calls.slice(6).map(({ request }) => (request.body as Buffer).toString())).toEqual([
      'a+',
      'b+',
      'c+',
    ]);
  });

  it('leave other sends alone', async () => {
    const { transport, producer } = open({ ...bound, backPressureForAsyncSendNum: 1 });
    void producer.sendAsync(message('t'));
    void producer.send(message('t'));
    await settle();
    expect(transport.calls).toHaveLength(2);
  });

  it('end with the producer', async () => {
    const { producer } = open({ ...bound, backPressureForAsyncSendNum: 1 });
    void producer.sendAsync(message('t'));
    const waiting = producer.sendAsync(message('t'));
    await settle();
    producer.shutdown();
    await expect(waiting).rejects.toThrow('The producer was shut down before the message could be sent');
  });
});
