import { describe, expect, it } from 'vitest';
import { MQClientError, RemotingTimeoutError } from '../../../lib/errors/index.js';
import { failure, success } from '../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../lib/remoting/response-code.js';
import { clusterRoute } from '../../support/scripted-cluster.js';
import { routeOf, type ScriptedCall } from '../../support/scripted-transport.js';
import { openProducer } from '../../support/scripted-producer.js';
import { message } from '../../support/test-peers.js';
import { settle } from '../../support/virtual-clock.js';

const stored = (code: ResponseCode, queueOffset: number) => ({
  ...success<never>({ msgId: 'offset-id', queueId: 0, queueOffset } as never, undefined as never),
  code,
});
const refused = (code: ResponseCode) => failure(code, 'because');

describe('a send that was stored less safely, and is tried again for that,', () => {
  it.each<[string, (call: ScriptedCall) => void]>([
    ['fail', (call) => call.fail(new MQClientError('no connection', { retryable: true }))],
    ['are refused', (call) => call.answer(refused(ResponseCode.SYSTEM_BUSY))],
    ['are refused for good', (call) => call.answer(refused(ResponseCode.MESSAGE_ILLEGAL))],
  ])('has been stored when all further attempts %s', async (_, respond) => {
    const { transport, producer } = openProducer({ retryAnotherBrokerWhenNotStoreOK: true });
    const sent = producer.send(message('t'));
    await settle();
    transport.respond = respond;
    transport.calls[0]!.answer(stored(ResponseCode.FLUSH_SLAVE_TIMEOUT, 5));
    expect(await sent).toMatchObject({ sendStatus: 'FLUSH_SLAVE_TIMEOUT', queueOffset: 5 });
  });

  it('has been stored when nobody answers until the timeout', async () => {
    const { clock, transport, producer } = openProducer({ retryAnotherBrokerWhenNotStoreOK: true });
    const sent = producer.send(message('t'), { timeout: 1000 });
    await settle();
    transport.calls[0]!.answer(stored(ResponseCode.SLAVE_NOT_AVAILABLE, 5));
    await clock.advance(1000);
    transport.calls[1]!.fail(new RemotingTimeoutError('no answer', 1000));
    expect(await sent).toMatchObject({ sendStatus: 'SLAVE_NOT_AVAILABLE', queueOffset: 5 });
    const sends = transport.calls.filter(({ request }) => request.code === RequestCode.SEND_MESSAGE);
    expect(sends).toHaveLength(2);
  });

  it('has been stored as the last attempt says that stored it', async () => {
    const { transport, producer } = openProducer({ retryAnotherBrokerWhenNotStoreOK: true });
    const answers = [
      stored(ResponseCode.FLUSH_SLAVE_TIMEOUT, 5),
      stored(ResponseCode.FLUSH_DISK_TIMEOUT, 6),
      refused(ResponseCode.SYSTEM_BUSY),
    ];
    transport.respond = (call) => call.answer(answers.shift()!);
    expect(await producer.send(message('t'))).toMatchObject({
      sendStatus: 'FLUSH_DISK_TIMEOUT',
      queueOffset: 6,
    });
    expect(answers).toEqual([]);
  });
});

describe('a broker that ends', () => {
  it.each(['send', 'sendAsync'] as const)(
    'leaves what it does not take any more to another one (%s)',
    async (how) => {
      const { transport, producer } = openProducer();
      const sent = producer[how](message('t'));
      await settle();
      transport.calls[0]!.answer(refused(ResponseCode.GO_AWAY));
      transport.calls[1]!.answer(stored(ResponseCode.SUCCESS, 5));
      expect(await sent).toMatchObject({ sendStatus: 'SEND_OK', queueOffset: 5 });
      const [first, second] = transport.calls.map(({ address }) => address);
      expect([first, second].toSorted()).toEqual(['a:1', 'b:1']);
      await settle();
      expect(transport.routeRequests, 'the route is looked at again').toBe(2);
    },
  );

  it('has a send to a queue of its own fail, and its route looked at', async () => {
    const { transport, producer } = openProducer();
    const sent = producer.send(message('t'), { selector: (queues) => queues[0]! });
    await settle();
    transport.calls[0]!.answer(refused(ResponseCode.GO_AWAY));
    await expect(sent).rejects.toMatchObject({ responseCode: ResponseCode.GO_AWAY, retryable: true });
    await settle();
    expect(transport.routeRequests).toBe(2);
  });
});

describe('a send that is refused as busy', () => {
  const refuse = async (first: (call: ScriptedCall) => void): Promise<Error> => {
    const { transport, producer } = openProducer();
    const sent = producer.send(message('t'));
    sent.catch(() => {});
    await settle();
    transport.respond = (call) => call.answer(refused(ResponseCode.SYSTEM_BUSY));
    first(transport.calls[0]!);
    return sent.then(
      () => expect.unreachable(),
      (error) => error,
    );
  };

  it('is said to be not stored', async () => {
    const error = await refuse((call) => call.answer(refused(ResponseCode.SYSTEM_BUSY)));
    expect(error.message).toContain('it has not stored the message');
  });

  it('is not said to be so when an attempt before lost its connection', async () => {
    const error = await refuse((call) => call.fail(new MQClientError('lost', { retryable: true })));
    expect(error).toMatchObject({ responseCode: ResponseCode.SYSTEM_BUSY, retryable: true });
    expect(error.message).not.toContain('stored');
  });
});

describe('a broker that is not what its route says', () => {
  const { SERVICE_NOT_AVAILABLE, NO_PERMISSION, TOPIC_NOT_EXIST, INVALID_PARAMETER } = ResponseCode;

  /** A producer that has sent to the only broker, whose master is now elsewhere, and says so. */
  async function open(code: ResponseCode) {
    const { transport, producer } = openProducer();
    transport.routes.set('t', routeOf(1, 'a'));
    transport.respond = (call) => call.answer(stored(ResponseCode.SUCCESS, 5));
    await producer.send(message('t'));
    transport.routes.set('t', clusterRoute(1, { a: [0] }));
    transport.respond = (call) =>
      call.answer(call.address === 'a:0' ? stored(ResponseCode.SUCCESS, 6) : refused(code));
    return { transport, producer };
  }

  it.each([SERVICE_NOT_AVAILABLE, NO_PERMISSION, TOPIC_NOT_EXIST, INVALID_PARAMETER])(
    'has the route looked at when it answers with code %i',
    async (code) => {
      const { producer } = await open(code);
      await expect(producer.send(message('t'))).rejects.toMatchObject({ responseCode: code });
      await settle();
      expect(await producer.send(message('t'))).toMatchObject({ sendStatus: 'SEND_OK' });
    },
  );

  it('has it looked at when another topic says that its master is gone', async () => {
    const { transport, producer } = await open(SERVICE_NOT_AVAILABLE);
    transport.routes.set('u', clusterRoute(1, { a: [1] }));
    await expect(producer.send(message('u'))).rejects.toThrow();
    await expect(producer.send(message('t'))).rejects.toThrow('The broker[a] not exist');
    await settle();
    expect(await producer.send(message('t'))).toMatchObject({ sendStatus: 'SEND_OK' });
  });
});
