import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock, type Clock } from '../../../lib/common/clock.js';
import {
  MQClientError,
  RemotingCodecError,
  RemotingTimeoutError,
  RocketMQError,
} from '../../../lib/errors/index.js';
import { encodeRequest } from '../../../lib/remoting/codec/remoting-codec.js';
import { failure, success, type RemotingRequest } from '../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../lib/remoting/response-code.js';
import { TcpTransport } from '../../../lib/remoting/transport/tcp-transport.js';
import { invoke } from '../../../lib/remoting/transport/transport.js';
import { eventually } from '../../support/eventually.js';
import { startServer } from '../../support/tcp-server.js';
import { RecordingLogger } from '../../support/test-store.js';
import { settle, VirtualClock } from '../../support/virtual-clock.js';

const request = (queueId: number) =>
  ({ code: RequestCode.GET_MAX_OFFSET, header: { topic: 't', queueId }, body: undefined }) as const;

function open(clock: Clock = systemClock, tls?: boolean) {
  const logger = new RecordingLogger();
  const transport = new TcpTransport({ clock, logger, tls });
  onTestFinished(() => transport.close());
  const call = (address: string, queueId: number, timeout = 5000) =>
    invoke(transport, address, request(queueId), timeout);
  return { logger, transport, call };
}

/** A connection over which a request was answered, to a server that answers no more by itself. */
async function openSilent() {
  const { handler, address } = await startServer();
  const clock = new VirtualClock();
  const opened = open(clock);
  await opened.call(address, 0);
  handler.isSilent = true;
  const ask = async (queueId: number, timeout: number) => {
    const count = handler.contexts.length;
    const failure = failureOf(opened.call(address, queueId, timeout));
    await eventually(() => handler.contexts.length === count + 1);
    const answer = async () => {
      handler.contexts[count]!.reply(success({ offset: queueId } as never, undefined as never));
      expect(await failure).toBeUndefined();
    };
    return { failure, answer };
  };
  return { ...opened, handler, address, clock, ask };
}

/** What a server may ask. */
const question: RemotingRequest = {
  code: RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT,
  header: { topic: 't', group: 'g' },
  body: undefined,
};

const socketOf = (transport: TcpTransport): Socket => {
  const { connections } = transport as unknown as { connections: Map<string, { socket: Socket }> };
  return [...connections.values()][0]!.socket;
};

/** What accepts connections and says nothing. */
async function listenSilently(onSocket: (socket: Socket) => void = () => {}) {
  const sockets: Socket[] = [];
  const listener = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket.on('error', () => {}));
    onSocket(socket);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  return { sockets, address: `127.0.0.1:${(listener.address() as AddressInfo).port}` };
}

const failureOf = (answer: Promise<unknown>) =>
  answer.then(
    () => undefined,
    (error: RocketMQError) => error,
  );

describe('TcpTransport', () => {
  it('gives every request its own answer, over one connection', async () => {
    const { handler, address } = await startServer();
    const { call } = open();
    const answers = await Promise.all(Array.from({ length: 500 }, (_, i) => call(address, i)));
    expect(answers.map(({ header }) => header!.offset)).toEqual(Array.from({ length: 500 }, (_, i) => i));
    expect(new Set(handler.contexts.map(({ channel }) => channel)).size).toBe(1);
  });

  it('takes answers in any order, and none after the time is over', async () => {
    const { handler, address } = await startServer();
    const { call } = open();
    handler.isSilent = true;
    const late = failureOf(call(address, 1, 20));
    const first = call(address, 2);
    const second = call(address, 3);
    expect(await late).toBeInstanceOf(RemotingTimeoutError);
    await eventually(() => handler.contexts.length === 3);
    for (const index of [2, 1, 0]) {
      handler.contexts[index]!.reply(success({ offset: index } as never, undefined as never));
    }
    expect((await second).header!.offset).toBe(2);
    expect((await first).header!.offset).toBe(1);
  });

  it('names the address that does not answer, and tries it again after a while only', async () => {
    const { server, port, address } = await startServer();
    await server.close();
    const { logger, transport, call } = open();
    const error = await failureOf(call(address, 1));
    expect(error).toBeInstanceOf(MQClientError);
    expect(error).toMatchObject({ retryable: true });
    expect(error!.message).toContain(`connect to ${address} failed: connect ECONNREFUSED`);
    expect(await failureOf(call(address, 2))).toBe(error);
    expect(logger.lines).toHaveLength(1);
    for (let i = 0; i < 3; i++) transport.invokeOneway(address, request(2));
    const unsent = `A one-way request to ${address} was not sent`;
    expect(logger.lines.slice(1)).toEqual([expect.stringContaining(unsent)]);
    const { handler } = await startServer(port);
    await eventually(async () => (await failureOf(call(address, 3))) === undefined);
    expect(handler.requests).toHaveLength(1);
  });

  it('fails what waits when the connection breaks, and connects again', async () => {
    const { handler, server, port, address } = await startServer();
    const { logger, call } = open();
    await call(address, 0);
    handler.isSilent = true;
    const waiting = failureOf(call(address, 1));
    await eventually(() => handler.requests.length === 2);
    await server.close();
    expect((await waiting)!.message).toContain(`The connection to ${address} failed`);
    await startServer(port);
    expect((await call(address, 4)).header!.offset).toBe(4);
    expect(logger.lines.filter((line) => line.includes('Connected to'))).toHaveLength(2);
  });

  it('passes on what the server asks', async () => {
    const { handler, address } = await startServer();
    const { transport, call } = open();
    const pushed: RemotingRequest[] = [];
    transport.onRequest((received) => pushed.push(received));
    await call(address, 1);
    const code = RequestCode.NOTIFY_CONSUMER_IDS_CHANGED;
    handler.contexts[0]!.channel.push({ code, header: { consumerGroup: 'g' }, body: undefined } as never);
    await eventually(() => pushed.length === 1);
    expect(pushed[0]).toMatchObject({ code, header: { consumerGroup: 'g' } });
  });

  it('fails a request alone whose answer cannot be read', async () => {
    const { handler, address } = await startServer();
    const { logger, call } = open();
    await call(address, 0);
    handler.isSilent = true;
    const [unreadable, other] = [failureOf(call(address, 1)), call(address, 2)];
    await eventually(() => handler.contexts.length === 3);
    handler.contexts[1]!.reply(success({} as never, undefined as never));
    handler.contexts[2]!.reply(success({ offset: 2 } as never, undefined as never));
    expect(await unreadable).toBeInstanceOf(RemotingCodecError);
    expect((await unreadable)!.message).toBe(
      'The answer to request 30 cannot be read: The header field offset is missing',
    );
    expect((await other).header!.offset).toBe(2);
    expect(handler.closed).toEqual([]);
    expect(logger.lines).toHaveLength(1);
  });

  it('leaves a server that asks and asks and reads no answer', async () => {
    const { sockets, address } = await listenSilently((socket) => {
      for (let opaque = 0; opaque < 40; opaque++) socket.write(encodeRequest(question, opaque, false));
    });
    const { transport, logger } = open();
    const answer = failure(ResponseCode.SYSTEM_ERROR, 'x'.repeat(8 * 2 ** 20));
    transport.onRequest((_request, reply) => reply(answer));
    transport.invokeOneway(address, request(1));
    await eventually(() => logger.lines.some((line) => line.includes('leaves 128 MiB of answers unread')));
    expect(sockets).toHaveLength(1);
  });

  it('refuses a request of the server that cannot be read, and answers no one-way one', async () => {
    const { handler, address } = await startServer();
    const { transport, call } = open();
    const pushed: RemotingRequest[] = [];
    transport.onRequest((received) => pushed.push(received));
    await call(address, 1);
    const { channel } = handler.contexts[0]!;
    channel.push({ code: RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, header: {}, body: undefined } as never);
    const unreadable = { code: RequestCode.GET_CONSUMER_RUNNING_INFO, header: {}, body: undefined };
    const answer = await new Promise((onResponse, onError) =>
      channel.invoke(unreadable as never, 5000, { onResponse, onError }),
    );
    expect(answer).toMatchObject({
      code: ResponseCode.SYSTEM_ERROR,
      remark: expect.stringContaining('is missing') as string,
    });
    expect((await call(address, 2)).header!.offset).toBe(2);
    expect([pushed, handler.closed]).toEqual([[], []]);
  });

  it.each(['nowhere', '127.0.0.1:0', '127.0.0.1:70000', ':1', 'a b:1'])(
    'refuses %j, which is no address',
    async (address) => {
      const error = await failureOf(open().call(address, 1));
      expect(error!.message).toContain(`"${address}" is not an address: use host:port`);
    },
  );

  it('fails requests under way when it is closed, and takes no more', async () => {
    const { handler, address } = await startServer();
    const { transport, call } = open();
    handler.isSilent = true;
    const waiting = failureOf(call(address, 1));
    await eventually(() => handler.requests.length === 1);
    transport.close();
    expect((await waiting)!.message).toBe('The client was shut down before the answer came');
    expect((await failureOf(call(address, 2)))!.message).toContain('the client is shut down');
    await eventually(() => handler.closed.length === 1);
  });

  it('waits three seconds for a server to close its side, and no longer than that takes', async () => {
    const ended: Socket[] = [];
    const hanging = await listenSilently((socket) => socket.resume().on('end', () => ended.push(socket)));
    const clock = new VirtualClock();
    const { transport } = open(clock);
    transport.invokeOneway(hanging.address, request(1));
    const socket = socketOf(transport);
    transport.close();
    await eventually(() => ended.length === 1);
    await clock.advance(2999);
    expect(socket.destroyed).toBe(false);
    await clock.advance(1);
    expect(socket.destroyed).toBe(true);
  });

  it('leaves no timer behind when a server closes its side', async () => {
    const { address } = await startServer();
    const clock = new VirtualClock();
    const { transport, call } = open(clock);
    await call(address, 1);
    const socket = socketOf(transport);
    transport.close();
    expect(clock.hasTimers).toBe(true);
    await eventually(() => socket.closed);
    expect(clock.hasTimers).toBe(false);
  });

  it('tells of each change once, however often a server is tried meanwhile', async () => {
    const { server, port, address } = await startServer();
    const { logger, transport, call } = open();
    const changes: string[] = [];
    transport.onConnectionChange(({ state, error, ...change }) => {
      expect(change.address).toBe(address);
      changes.push(state);
      if (state === 'disconnected') expect(error!.message).toContain(`${address} failed`);
      else expect(error).toBeUndefined();
    });
    await call(address, 1);
    await server.close();
    for (let i = 0; i < 20; i++) await failureOf(call(address, 2));
    await eventually(() => changes.length === 3);
    await startServer(port);
    await eventually(async () => (await failureOf(call(address, 3))) === undefined);
    expect(changes).toEqual(['connected', 'disconnected', 'reconnecting', 'connected']);
    expect(logger.lines).toHaveLength(3);
  });

  it('does not take a server that hangs up at once for one that is there', async () => {
    const hangingUp = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => hangingUp.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void hangingUp.close());
    const address = `127.0.0.1:${(hangingUp.address() as AddressInfo).port}`;
    let accepted = 0;
    hangingUp.on('connection', () => accepted++);
    const { logger, call } = open();
    for (let i = 0; i < 100; i++) await failureOf(call(address, i));
    expect(accepted).toBeLessThan(5);
    expect(logger.lines.length).toBeLessThan(4);
  });

  it('closes a connection that nobody uses for two minutes, which is no failure, and connects again', async () => {
    const { handler, address } = await startServer();
    const { logger, transport, call } = open();
    const changes: string[] = [];
    transport.onConnectionChange(({ state, error }) =>
      changes.push(`${state}${error === undefined ? '' : '!'}`),
    );
    await call(address, 1);
    const socket = socketOf(transport);
    expect(socket.timeout).toBe(120_000);
    socket.emit('timeout');
    await eventually(() => handler.closed.length === 1);
    await call(address, 2);
    expect(changes).toEqual(['connected', 'disconnected', 'connected']);
    expect(logger.lines.every((line) => line.includes('Connected to'))).toBe(true);
  });

  it('leaves a server of which nothing is heard while a request waits, and connects again', async () => {
    const { handler, address, clock, logger, call, ask } = await openSilent();
    const pull = await ask(1, 30_000);
    const send = await ask(2, 3000);
    await clock.advance(3000);
    expect(await send.failure).toBeInstanceOf(RemotingTimeoutError);
    const reason = `The connection to ${address} failed: nothing was received within 3000 ms after a request`;
    expect((await pull.failure)!.message).toBe(reason);
    expect(logger.lines.join()).toContain(reason);
    await eventually(() => handler.closed.length === 1);
    handler.isSilent = false;
    expect((await call(address, 3)).header!.offset).toBe(3);
  });

  it('stays with a server that answers others meanwhile', async () => {
    const { handler, clock, ask } = await openSilent();
    const late = await ask(1, 3000);
    await (await ask(2, 3000)).answer();
    await clock.advance(3000);
    expect(await late.failure).toBeInstanceOf(RemotingTimeoutError);
    await (await ask(3, 3000)).answer();
    expect(handler.closed).toEqual([]);
  });

  it('stays with a server that had a moment only', async () => {
    const { handler, clock, ask } = await openSilent();
    const late = await ask(1, 99);
    await clock.advance(99);
    expect(await late.failure).toBeInstanceOf(RemotingTimeoutError);
    await (await ask(2, 3000)).answer();
    expect(handler.closed).toEqual([]);
  });

  it('stays with a server whose answer has arrived and is read too late', async () => {
    const { handler, transport, clock, ask } = await openSilent();
    const late = await ask(1, 3000);
    // Timers that are overdue run before what has arrived is read.
    void late.failure.then(() => socketOf(transport).emit('data', Buffer.alloc(0)));
    await clock.advance(3000);
    expect(await late.failure).toBeInstanceOf(RemotingTimeoutError);
    await (await ask(2, 3000)).answer();
    expect(handler.closed).toEqual([]);
  });

  it('takes the answer to a request although this process was busy until after its time', async () => {
    const { address } = await startServer();
    const { call } = open();
    await call(address, 1);
    const answer = call(address, 2, 100);
    const end = performance.now() + 150;
    while (performance.now() < end);
    expect((await answer).header!.offset).toBe(2);
  });

  it('does not count the time before it was connected against a server', async () => {
    const { handler, address } = await startServer();
    handler.isSilent = true;
    const clock = new VirtualClock();
    const { call } = open(clock);
    const first = failureOf(call(address, 1, 3000));
    await eventually(() => handler.contexts.length === 1);
    await clock.advance(3000);
    expect(await first).toBeInstanceOf(RemotingTimeoutError);
    handler.isSilent = false;
    await call(address, 2);
    expect(handler.closed).toEqual([]);
  });

  it('goes on connecting when a request does not wait for it any longer', async () => {
    const { sockets, address } = await listenSilently();
    const clock = new VirtualClock();
    const { logger, transport, call } = open(clock, true);
    const failure = failureOf(call(address, 1, 1000));
    await eventually(() => sockets.length === 1);
    await clock.advance(1000);
    expect(await failure).toBeInstanceOf(RemotingTimeoutError);
    await settle();
    expect(socketOf(transport).destroyed).toBe(false);
    expect(logger.lines).toEqual([]);
  });

  it.each([
    ['ROCKETMQ', 1],
    ['JSON', 0],
  ] as const)('writes headers as %s when it is told to', async (serializeType, typeCode) => {
    const heard: number[] = [];
    const { address } = await listenSilently((socket) =>
      socket.once('data', (chunk) => heard.push(chunk[4]!)),
    );
    const transport = new TcpTransport({ clock: systemClock, logger: new RecordingLogger(), serializeType });
    onTestFinished(() => transport.close());
    transport.invokeOneway(address, request(1));
    await eventually(() => heard.length === 1);
    expect(heard).toEqual([typeCode]);
  });
});
