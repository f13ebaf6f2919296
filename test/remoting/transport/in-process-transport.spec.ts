import { describe, expect, it } from 'vitest';
import { MQClientError, RemotingTimeoutError } from '../../../lib/errors/index.js';
import type { Channel, RequestContext, RequestHandler } from '../../../lib/remoting/channel.js';
import { success, type RemotingRequest } from '../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { InProcessTransport } from '../../../lib/remoting/transport/in-process-transport.js';
import { invoke } from '../../../lib/remoting/transport/transport.js';
import { settle, VirtualClock } from '../../support/virtual-clock.js';

/** A server that answers when the test says so. */
class TestServer implements RequestHandler {
  readonly requests: RemotingRequest[] = [];
  readonly contexts: RequestContext[] = [];
  readonly closed: Channel[] = [];

  handle(request: RemotingRequest, context: RequestContext): void {
    this.requests.push(request);
    this.contexts.push(context);
  }

  onChannelClosed(channel: Channel): void {
    this.closed.push(channel);
  }

  answer(index: number): void {
    this.contexts[index]!.reply(success({ offset: index } as never, undefined as never));
  }
}

const request = {
  code: RequestCode.GET_MAX_OFFSET,
  header: { topic: 't', queueId: 0 },
  body: undefined,
} as const;
const remoteHost = { address: Buffer.from([127, 0, 0, 1]), port: 7 };

function open() {
  const clock = new VirtualClock();
  const server = new TestServer();
  const transport = new InProcessTransport(new Map([['broker:1', server]]), clock, remoteHost);
  const call = (timeout = 1000, address = 'broker:1') => invoke(transport, address, request, timeout);
  return { clock, server, transport, call };
}

describe('InProcessTransport', () => {
  it('passes request and answer on as they are, in any order of the answers', async () => {
    const { server, call } = open();
    const first = call();
    const second = call();
    expect(server.requests[0]).toBe(request);
    expect(server.contexts[0]!.channel.remoteHost).toBe(remoteHost);
    expect(server.contexts[0]!.channel).toBe(server.contexts[1]!.channel);
    server.answer(1);
    server.answer(0);
    expect((await first).header).toEqual({ offset: 0 });
    expect((await second).header).toEqual({ offset: 1 });
  });

  it('fails each request when its own time is over, and takes no answer later', async () => {
    const { clock, server, call } = open();
    const ends: string[] = [];
    const note = (name: string, promise: Promise<unknown>) =>
      void promise.then(
        () => ends.push(`${name} answered`),
        (error: unknown) => ends.push(`${name} ${(error as RemotingTimeoutError).timeoutMillis}`),
      );
    note('long', call(5000));
    note('short', call(1000));
    note('middle', call(3000));
    await clock.advance(999);
    expect(ends).toEqual([]);
    await clock.advance(1);
    expect(ends).toEqual(['short 1000']);
    server.answer(1);
    await clock.advance(2000);
    expect(ends).toEqual(['short 1000', 'middle 3000']);
    server.answer(0);
    await clock.advance(10_000);
    expect(ends).toEqual(['short 1000', 'middle 3000', 'long answered']);
  });

  it('says that a timeout may be tried again', async () => {
    const { clock, call } = open();
    const failed = expect(call(10)).rejects.toMatchObject({ code: 'TIMEOUT', retryable: true });
    await clock.advance(10);
    await failed;
  });

  it('sends one way without waiting', () => {
    const { server, transport } = open();
    transport.invokeOneway('broker:1', request);
    transport.invokeOneway('nobody:1', request);
    expect(server.requests).toEqual([request]);
    server.answer(0);
  });

  it('fails at once where nobody serves', async () => {
    const { call } = open();
    await expect(call(1000, 'nobody:1')).rejects.toThrow('connect to nobody:1 failed');
  });

  it('brings requests of the server in a turn of their own', async () => {
    const { server, transport, call } = open();
    const pushed: RemotingRequest[] = [];
    transport.onRequest((received) => pushed.push(received));
    void call();
    server.contexts[0]!.channel.push(request);
    expect(pushed).toEqual([]);
    await settle();
    expect(pushed).toEqual([request]);
  });

  it('ends everything when it is closed', async () => {
    const { clock, server, transport, call } = open();
    const pushed: RemotingRequest[] = [];
    transport.onRequest((received) => pushed.push(received));
    const pending = call();
    const { channel } = server.contexts[0]!;
    channel.push(request);
    transport.close();
    transport.close();
    await expect(pending).rejects.toBeInstanceOf(MQClientError);
    expect(server.closed).toEqual([channel]);
    await expect(call()).rejects.toThrow('the client is shut down');
    transport.invokeOneway('broker:1', request);
    server.answer(0);
    await clock.advance(60_000);
    expect(pushed).toEqual([]);
    expect(server.requests).toHaveLength(1);
  });
});
