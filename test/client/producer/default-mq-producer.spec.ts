import { describe, expect, it } from 'vitest';
import { Message } from '../../../lib/common/message.js';
import { MQClientError, RemotingTimeoutError, type RocketMQError } from '../../../lib/errors/index.js';
import type { SendMessageRequestHeader } from '../../../lib/remoting/header/send-message-request-header.js';
import { failure, success } from '../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../lib/remoting/response-code.js';
import { ScriptedTransport, routeOf, type ScriptedCall } from '../../support/scripted-transport.js';
import { openProducer } from '../../support/scripted-producer.js';
import { message, startProducer } from '../../support/test-peers.js';
import { HOUR, settle, VirtualClock } from '../../support/virtual-clock.js';

const headerOf = ({ request }: ScriptedCall) => request.header as SendMessageRequestHeader;
const stored = (code: ResponseCode = ResponseCode.SUCCESS) => ({
  ...success<never>(
    {
      msgId: 'offset-id',
      queueId: 0,
      queueOffset: 5,
      transactionId: 'id',
      regionId: 'r',
      traceOn: true,
    } as never,
    undefined as never,
  ),
  code,
});
const refused = (code: ResponseCode) => failure(code, 'because');

describe('a synchronous send', () => {
  it.each([
    ResponseCode.SYSTEM_ERROR,
    ResponseCode.SYSTEM_BUSY,
    ResponseCode.SERVICE_NOT_AVAILABLE,
    ResponseCode.NO_PERMISSION,
    ResponseCode.TOPIC_NOT_EXIST,
    ResponseCode.NO_BUYER_ID,
    ResponseCode.NOT_IN_CURRENT_UNIT,
    ResponseCode.GO_AWAY,
  ])('is tried again at another broker after code %i', async (code) => {
    const { transport, producer } = openProducer();
    const sent = producer.send(message('t'));
    await settle();
    transport.calls[0]!.answer(refused(code));
    transport.calls[1]!.answer(stored());
    expect(await sent).toMatchObject({ sendStatus: 'SEND_OK', queueOffset: 5, offsetMsgId: 'offset-id' });
    const [first, second] = transport.calls.map(({ address }) => address);
    expect([first, second].toSorted()).toEqual(['a:1', 'b:1']);
    expect((await sent).messageQueue.brokerName).toBe(second!.slice(0, 1));
  });

  it.each([
    ResponseCode.MESSAGE_ILLEGAL,
    ResponseCode.INVALID_PARAMETER,
    ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
  ])('fails at once after code %i', async (code) => {
    const { transport, producer } = openProducer();
    const sent = producer.send(message('t'));
    await settle();
    transport.calls[0]!.answer(refused(code));
    await expect(sent).rejects.toMatchObject({
      name: 'MQBrokerError',
      responseCode: code,
      message: expect.stringContaining(`CODE: ${code}  DESC: because`),
    });
    expect(transport.calls).toHaveLength(1);
  });

  it.each([0, 2, 5])('is tried again %i times', async (retryTimesWhenSendFailed) => {
    const { transport, producer } = openProducer({ retryTimesWhenSendFailed });
    transport.respond = (call) => {
      transport.calls.push(call);
      call.answer(refused(ResponseCode.SYSTEM_BUSY));
    };
    const error = (await producer.send(message('t')).catch((reason) => reason)) as RocketMQError;
    expect(transport.calls).toHaveLength(retryTimesWhenSendFailed + 1);
    expect(error.responseCode).toBe(ResponseCode.SYSTEM_BUSY);
    if (retryTimesWhenSendFailed > 0) {
      expect(error.message).toMatch(
        /^Send \[\d\] times, still failed, cost \[0\]ms, Topic: t, BrokersSent: \[/,
      );
      expect(error.cause).toMatchObject({ message: expect.stringContaining('because') });
    }
  });

  it('sends the same message with the same id every time', async () => {
    const { transport, producer } = openProducer();
    const sent = producer.send(message('t', 'body', 'tag'));
    await settle();
    transport.calls[0]!.fail(new MQClientError('no connection', { retryable: true }));
    transport.calls[1]!.answer(stored());
    const { msgId } = await sent;
    const ids = transport.calls.map((call) => headerOf(call).properties.get('UNIQ_KEY'));
    expect(ids).toEqual([msgId, msgId]);
    expect(transport.calls.map(({ request }) => (request.body as Buffer).toString())).toEqual([
      'body',
      'body',
    ]);
  });

  it('has one timeout for all attempts', async () => {
    const { clock, transport, producer } = openProducer({ sendMsgTimeout: 1000 });
    const sent = producer.send(message('t'));
    await settle();
    await clock.advance(400);
    transport.calls[0]!.answer(refused(ResponseCode.SYSTEM_BUSY));
    expect(transport.calls.map(({ timeoutMillis }) => timeoutMillis)).toEqual([1000, 600]);
    await clock.advance(600);
    transport.calls[1]!.answer(refused(ResponseCode.SYSTEM_BUSY));
    await expect(sent).rejects.toBeInstanceOf(RemotingTimeoutError);
    await expect(sent).rejects.toThrow('The send to topic t took longer than 1000 ms');
    const sends = transport.calls.filter(({ request }) => request.code === RequestCode.SEND_MESSAGE);
    expect(sends).toHaveLength(2);
  });

  it.each([-HOUR, HOUR])('has this timeout also when the clock is set by %s ms', async (step) => {
    const { clock, transport, producer } = openProducer({ sendMsgTimeout: 1000 });
    const sent = producer.send(message('t'));
    await settle();
    await clock.advance(400);
    clock.set(clock.now() + step);
    transport.calls[0]!.answer(refused(ResponseCode.SYSTEM_BUSY));
    expect(transport.calls.map(({ timeoutMillis }) => timeoutMillis)).toEqual([1000, 600]);
    expect(headerOf(transport.calls[1]!).bornTimestamp).toBe(clock.now());
    await clock.advance(599);
    transport.calls[1]!.answer(refused(ResponseCode.SYSTEM_BUSY));
    transport.calls[2]!.answer(refused(ResponseCode.SYSTEM_BUSY));
    await expect(sent).rejects.toThrow('still failed, cost [999]ms');
  });

  it('counts the search for the route towards the timeout', async () => {
    const { clock, transport, producer } = openProducer();
    transport.deadNameServers.add('ns:1');
    const sent = producer.send(message('t'), { timeout: 500 });
    await clock.advance(600);
    transport.deadNameServers.clear();
    transport.calls[0]!.answer(success(undefined as never, routeOf(1, 'a') as never));
    await expect(sent).rejects.toThrow('The send to topic t took longer than 500 ms');
    expect(transport.calls).toHaveLength(1);
  });

  it('takes what was stored less safely for a success, or tries again if asked to', async () => {
    for (const [code, sendStatus] of [
      [ResponseCode.FLUSH_DISK_TIMEOUT, 'FLUSH_DISK_TIMEOUT'],
      [ResponseCode.FLUSH_SLAVE_TIMEOUT, 'FLUSH_SLAVE_TIMEOUT'],
      [ResponseCode.SLAVE_NOT_AVAILABLE, 'SLAVE_NOT_AVAILABLE'],
    ] as const) {
      const plain = openProducer();
      plain.transport.respond = (call) => call.answer(stored(code));
      expect(await plain.producer.send(message('t'))).toMatchObject({ sendStatus });
      const picky = openProducer({ retryAnotherBrokerWhenNotStoreOK: true });
      const answers = [code, ResponseCode.SUCCESS];
      picky.transport.respond = (call) => call.answer(stored(answers.shift()));
      expect(await picky.producer.send(message('t'))).toMatchObject({ sendStatus: 'SEND_OK' });
    }
  });

  it('in order is tried only once', async () => {
    const { transport, producer } = openProducer();
    transport.respond = (call) => {
      transport.calls.push(call);
      call.answer(refused(ResponseCode.SYSTEM_BUSY));
    };
    const selector = (queues: readonly { queueId: number }[]) => queues.at(-1) as never;
    const error = (await producer
      .send(message('t'), { selector })
      .catch((reason) => reason)) as RocketMQError;
    expect(error).toMatchObject({ name: 'MQBrokerError', responseCode: ResponseCode.SYSTEM_BUSY });
    expect((error as Error).message).toContain('it has not stored the message: send it again a little later');
    expect(transport.calls.map(({ address }) => address)).toEqual(['b:1']);
  });

  it('asks each name server until one answers', async () => {
    const clock = new VirtualClock();
    const transport = new ScriptedTransport();
    transport.routes.set('t', routeOf(1, 'a'));
    transport.deadNameServers.add('dead:1');
    transport.respond = (call) =>
      call.address === 'dead:1' ? call.fail(new MQClientError('dead')) : call.answer(stored());
    const cluster = { namesrvAddrs: ['dead:1', 'ns:1'], connect: () => transport, close: async () => {} };
    const producer = startProducer(cluster, { clock });
    expect(await producer.send(message('t'))).toMatchObject({ sendStatus: 'SEND_OK' });
    transport.deadNameServers.add('ns:1');
    transport.respond = (call) => call.fail(new MQClientError('dead'));
    const error = (await producer.send(message('new')).catch((reason) => reason)) as RocketMQError;
    expect(error.message).toBe('No name server of dead:1;ns:1 answers');
    expect(error.responseCode).toBe(10_004);
  });
});

describe('an asynchronous send', () => {
  it('is not tried again after an answer of the broker', async () => {
    const { transport, producer } = openProducer();
    const sent = producer.sendAsync(message('t'));
    await settle();
    transport.calls[0]!.answer(refused(ResponseCode.SYSTEM_BUSY));
    await expect(sent).rejects.toMatchObject({ responseCode: ResponseCode.SYSTEM_BUSY });
    expect(transport.calls).toHaveLength(1);
  });

  it('takes what was stored less safely for a success in any case', async () => {
    const { transport, producer } = openProducer({ retryAnotherBrokerWhenNotStoreOK: true });
    transport.respond = (call) => call.answer(stored(ResponseCode.FLUSH_DISK_TIMEOUT));
    expect(await producer.sendAsync(message('t'))).toMatchObject({ sendStatus: 'FLUSH_DISK_TIMEOUT' });
  });

  it.each([0, 3])('is tried again %i times without an answer', async (retryTimesWhenSendAsyncFailed) => {
    const { transport, producer } = openProducer({ retryTimesWhenSendAsyncFailed });
    transport.respond = (call) => {
      transport.calls.push(call);
      call.fail(new MQClientError('no connection', { retryable: true }));
    };
    await expect(producer.sendAsync(message('t'))).rejects.toThrow('no connection');
    expect(transport.calls).toHaveLength(retryTimesWhenSendAsyncFailed + 1);
  });
});

describe('the error of a send', () => {
  it('names topic and broker, whatever failed', async () => {
    const { transport, producer } = openProducer({ retryTimesWhenSendFailed: 0 });
    transport.routes.set('u', routeOf(1, 'c'));
    const shared = new MQClientError('no connection', { retryable: true });
    transport.respond = (call) => call.fail(shared);
    const ends = await Promise.allSettled([producer.send(message('t')), producer.send(message('u'))]);
    const reasons = ends.map((end) => (end as PromiseRejectedResult).reason as RocketMQError);
    expect(reasons.map(({ topic }) => topic)).toEqual(['t', 'u']);
    expect(reasons[1]!.broker).toBe('c');
    expect(reasons[0]).toMatchObject({ message: 'no connection', retryable: true, cause: shared });
    transport.respond = (call) => call.answer(refused(ResponseCode.MESSAGE_ILLEGAL));
    await expect(producer.send(message('t'))).rejects.toMatchObject({
      topic: 't',
      broker: expect.stringMatching(/^[ab]$/),
    });
    transport.respond = undefined;
    await expect(producer.send(message('t'), { timeout: 0 })).rejects.toMatchObject({
      name: 'RemotingTimeoutError',
      topic: 't',
    });
    await expect(producer.send(message('none'))).rejects.toMatchObject({ topic: 'none' });
  });
});

describe('a one-way send', () => {
  it('is sent once, and nobody waits', async () => {
    const { transport, producer } = openProducer();
    await producer.sendOneway(message('t'));
    expect(transport.calls).toEqual([]);
    expect(transport.oneways.map(({ request }) => request.code)).toEqual([RequestCode.SEND_MESSAGE]);
  });
});

describe('the request', () => {
  it('says everything that a broker wants to know', async () => {
    const { clock, transport, producer } = openProducer();
    const sent = message('t', 'body', 'tag');
    sent.flag = 9;
    void producer.send(sent);
    await settle();
    expect(headerOf(transport.calls[0]!)).toEqual({
      producerGroup: 'test-producer',
      topic: 't',
      defaultTopic: 'TBW102',
      defaultTopicQueueNums: 4,
      queueId: expect.any(Number) as number,
      sysFlag: 0,
      bornTimestamp: clock.now(),
      flag: 9,
      properties: sent.properties,
      reconsumeTimes: 0,
      brokerName: expect.stringMatching(/^[ab]$/) as string,
      unitMode: false,
    });
  });
});

describe('routes', () => {
  it('are asked for once, and again every 30 s', async () => {
    const { clock, transport, producer } = openProducer();
    transport.respond = (call) => call.answer(stored());
    await Promise.all([producer.send(message('t')), producer.send(message('t'))]);
    await producer.send(message('t'));
    expect(transport.routeRequests).toBe(1);
    transport.routes.set('t', routeOf(1, 'c'));
    await clock.advance(29_999);
    expect((await producer.send(message('t'))).messageQueue.brokerName).not.toBe('c');
    await clock.advance(1);
    expect((await producer.send(message('t'))).messageQueue.brokerName).toBe('c');
  });

  it('lead to writable queues of brokers with a master only', async () => {
    const { transport, producer } = openProducer();
    const route = routeOf(2, 'a', 'b', 'c');
    transport.routes.set('t', {
      queueDatas: route.queueDatas.map((data) => (data.brokerName === 'a' ? { ...data, perm: 4 } : data)),
      brokerDatas: route.brokerDatas.map((data) =>
        data.brokerName === 'b' ? { ...data, brokerAddrs: new Map([[1, 'slave:1']]) } : data,
      ),
    });
    transport.respond = (call) => call.answer(stored());
    const seen = new Set<string>();
    for (let i = 0; i < 6; i++) seen.add((await producer.send(message('t'))).messageQueue.brokerName);
    expect([...seen]).toEqual(['c']);
  });

  it('without a writable queue are asked for again with every send', async () => {
    const { transport, producer } = openProducer();
    const { queueDatas, brokerDatas } = routeOf(2, 'a');
    const wiped = queueDatas.map((data) => ({ ...data, perm: 4 }));
    transport.routes.set('t', { queueDatas: wiped, brokerDatas });
    transport.respond = (call) => call.answer(stored());
    for (let sends = 1; sends <= 2; sends++) {
      await expect(producer.send(message('t'))).rejects.toThrow('No route info of this topic: t');
      expect(transport.routeRequests).toBe(sends);
    }
    transport.routes.delete('t');
    await expect(producer.send(message('t'))).rejects.toThrow('No route info of this topic: t');
    transport.routes.set('t', routeOf(2, 'a'));
    expect((await producer.send(message('t'))).sendStatus).toBe('SEND_OK');
    await producer.send(message('t'));
    expect(transport.routeRequests).toBe(4);
  });

  it('of a new topic take after the pattern, with at most defaultTopicQueueNums queues', async () => {
    const { transport, producer } = openProducer();
    transport.routes.set('TBW102', routeOf(8, 'a'));
    const queueIds = new Set<number>();
    transport.respond = (call) => {
      queueIds.add(headerOf(call).queueId);
      call.answer(stored());
    };
    for (let i = 0; i < 40; i++) await producer.send(message('new'));
    expect([...queueIds].toSorted()).toEqual([0, 1, 2, 3]);
  });
});

describe('sends that are not awaited one by one', () => {
  it('are handed over in their order, however long their preparation takes', async () => {
    const { transport, producer } = openProducer();
    const flags: number[] = [];
    transport.respond = (call) => {
      flags.push(headerOf(call).flag);
      call.answer(stored());
    };
    const numbered = (flag: number, length: number) => {
      const numberedMessage = new Message('t', Buffer.alloc(length, 'x'));
      numberedMessage.flag = flag;
      return numberedMessage;
    };
    const send = (flag: number, length: number) => producer.send(numbered(flag, length));
    await Promise.all([
      send(1, 100_000),
      send(2, 1),
      producer.sendAsync(numbered(3, 5000)),
      send(4, 300_000),
    ]);
    await Promise.all([send(5, 200_000), send(6, 1)]);
    expect(flags).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('are not held up by one before them that fails', async () => {
    const { transport, producer } = openProducer();
    transport.respond = (call) => call.answer(stored());
    transport.routes.delete('t');
    const failed = producer.send(message('t', 'x'.repeat(100_000))).catch((error: Error) => error.message);
    const { sendStatus } = await producer.send(message('u')).catch(() => ({ sendStatus: 'refused' }));
    expect(await failed).toContain('No route info of this topic: t');
    transport.routes.set('t', routeOf(1, 'a'));
    expect((await producer.send(message('t'))).sendStatus).toBe('SEND_OK');
    expect(sendStatus).toBe('refused');
  });
});
