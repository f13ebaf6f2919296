import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../lib/common/clock.js';
import { ConfigurationError } from '../../../lib/errors/index.js';
import { encodeRequest } from '../../../lib/remoting/codec/remoting-codec.js';
import { success } from '../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../lib/remoting/response-code.js';
import { RemotingServer } from '../../../lib/remoting/server/remoting-server.js';
import { eventually } from '../../support/eventually.js';
import { EchoHandler, RawClient, startServer } from '../../support/tcp-server.js';
import { RecordingLogger } from '../../support/test-store.js';
import { VirtualClock } from '../../support/virtual-clock.js';

const offsetOf = (queueId: number, opaque: number, isOneway = false) =>
  encodeRequest(
    { code: RequestCode.GET_MAX_OFFSET, header: { topic: 't', queueId }, body: undefined } as never,
    opaque,
    isOneway,
  );

/** A frame with a header of JSON. */
function jsonFrame(header: object): Buffer {
  const text = Buffer.from(JSON.stringify(header));
  const frame = Buffer.alloc(8 + text.length);
  frame.writeInt32BE(4 + text.length, 0);
  frame.writeInt32BE(text.length, 4);
  text.copy(frame, 8);
  return frame;
}

describe('RemotingServer', () => {
  it('answers requests that arrive byte by byte', async () => {
    const { port } = await startServer();
    const client = await RawClient.open(port);
    const bytes = Buffer.concat([offsetOf(3, 7), offsetOf(5, 8)]);
    for (const byte of bytes) client.socket.write(Buffer.from([byte]));
    await eventually(() => client.frames.length === 2);
    expect(client.frames.map(({ opaque, fields }) => [opaque, fields.get('offset')])).toEqual([
      [7, '3'],
      [8, '5'],
    ]);
  });

  it('does not answer a one-way request', async () => {
    const { handler, port } = await startServer();
    const client = await RawClient.open(port);
    client.socket.write(Buffer.concat([offsetOf(1, 1, true), offsetOf(2, 2)]));
    await eventually(() => client.frames.length === 1);
    expect(handler.requests).toHaveLength(2);
    expect(client.frames[0]!.opaque).toBe(2);
  });

  it('lets a limited number of one-way requests of a client wait, too', async () => {
    const { handler, port } = await startServer();
    handler.isSilent = true;
    const client = await RawClient.open(port);
    client.socket.write(Buffer.concat(Array.from({ length: 65_536 }, (_, i) => offsetOf(1, i, true))));
    client.socket.write(offsetOf(1, 1));
    await eventually(() => client.frames.length === 1);
    expect(client.frames[0]!.code).toBe(ResponseCode.SYSTEM_BUSY);
    for (const context of handler.contexts.splice(0))
      context.reply(success({ offset: 1 } as never, undefined as never));
    handler.isSilent = false;
    client.socket.write(offsetOf(1, 2));
    await eventually(() => client.frames.length === 2);
    expect(client.frames[1]!.code).toBe(ResponseCode.SUCCESS);
  });

  it('limits what clients hold together in incomplete frames where nothing is signed', async () => {
    const header = { topic: 't'.repeat(200 * 1024), queueId: 1 };
    const long = encodeRequest(
      { code: RequestCode.GET_MAX_OFFSET, header, body: undefined },
      1,
      false,
      'ROCKETMQ',
    );
    const { port, server } = await startServer(undefined, { maxStrangerBytes: long.length });
    const { strangers } = server as unknown as { strangers: { heldBytes: number } };
    const [holding, refused] = [await RawClient.open(port), await RawClient.open(port)];
    holding.socket.write(long.subarray(0, -1));
    await eventually(() => strangers.heldBytes >= long.length - 1);
    refused.socket.write(long.subarray(0, 100 * 1024));
    await refused.closed;
    holding.socket.write(long.subarray(-1));
    await eventually(() => holding.frames.length === 1);
    expect(strangers.heldBytes).toBe(0);
  });

  it('answers a request that it does not know, and one that lacks a field', async () => {
    const { handler, port } = await startServer();
    const client = await RawClient.open(port);
    const header = { language: 'JAVA', version: 453, flag: 0, serializeTypeCurrentRPC: 'JSON' };
    client.socket.write(jsonFrame({ ...header, code: 13, opaque: 1 }));
    client.socket.write(jsonFrame({ ...header, code: RequestCode.GET_MAX_OFFSET, opaque: 2, extFields: {} }));
    await eventually(() => client.frames.length === 2);
    const [unknown, incomplete] = client.frames;
    expect(unknown).toMatchObject({
      code: ResponseCode.REQUEST_CODE_NOT_SUPPORTED,
      opaque: 1,
      remark: ' request type 13 not supported',
      serializeType: 'JSON',
    });
    expect(incomplete).toMatchObject({ code: ResponseCode.SYSTEM_ERROR, opaque: 2 });
    expect(incomplete!.remark).toContain('topic');
    expect(handler.requests).toEqual([]);
  });

  it.each(['JSON', 'ROCKETMQ'] as const)('refuses a header (%s) that no client needs', async (type) => {
    const { handler, port } = await startServer();
    const client = await RawClient.open(port);
    const withTopicOf = (size: number, opaque: number) => {
      const header = { topic: 't'.repeat(size), queueId: 0 };
      return encodeRequest(
        { code: RequestCode.GET_MAX_OFFSET, header, body: undefined },
        opaque,
        false,
        type,
      );
    };
    // The longest properties of a message, when each character of them is an escape.
    client.socket.write(Buffer.concat([withTopicOf(2 ** 20, 1), withTopicOf(6 * 32_767, 2)]));
    await eventually(() => client.frames.length === 2);
    expect(client.frames).toMatchObject([
      { opaque: 1, code: ResponseCode.SYSTEM_ERROR },
      { opaque: 2, code: ResponseCode.SUCCESS },
    ]);
    expect(client.frames[0]!.remark).toMatch(/^A header of 1048\d+ bytes; allowed: 262144$/);
    expect(handler.requests).toHaveLength(1);
  });

  it.each([
    ['a length above the limit', Buffer.from([0x7f, 0xff, 0xff, 0xff])],
    ['a negative length', Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ['a header that is longer than its frame', Buffer.from([0, 0, 0, 4, 0, 0, 1, 0])],
    ['a header that is no JSON', Buffer.from([0, 0, 0, 6, 0, 0, 0, 2, 0x7b, 0x7b])],
    ['another protocol', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
  ])('closes the connection of a client that sends %s, and no other', async (_, bytes) => {
    const { handler, logger, port } = await startServer();
    const good = await RawClient.open(port);
    const bad = await RawClient.open(port);
    bad.socket.write(bytes);
    await bad.closed;
    good.socket.write(offsetOf(1, 1));
    await eventually(() => good.frames.length === 1);
    await eventually(() => handler.closed.length === 1);
    expect(logger.lines).toEqual([expect.stringContaining('is closed: RemotingCodecError')]);
  });

  it('tells its handler who is gone, and sends requests to who is there', async () => {
    const { handler, port } = await startServer();
    const client = await RawClient.open(port);
    client.socket.write(offsetOf(1, 1));
    await eventually(() => client.frames.length === 1);
    const { channel } = handler.contexts[0]!;
    const code = RequestCode.NOTIFY_CONSUMER_IDS_CHANGED;
    channel.push({ code, header: { consumerGroup: 'g' }, body: undefined } as never);
    await eventually(() => client.frames.length === 2);
    expect(client.frames[1]).toMatchObject({ code, flag: 2 });
    expect(client.frames[1]!.fields.get('consumerGroup')).toBe('g');
    client.socket.destroy();
    await eventually(() => handler.closed.length === 1);
    expect(handler.closed).toEqual([channel]);
  });

  it('reads no more from a client that does not read its answers, and serves the others', async () => {
    const { handler, port } = await startServer();
    const slow = await RawClient.open(port);
    slow.socket.pause();
    const requests = Buffer.concat(Array.from({ length: 20_000 }, (_, i) => offsetOf(1, i)));
    let written = 0;
    const fill = (): void => {
      while (written < 100 && !slow.socket.destroyed) {
        written++;
        if (!slow.socket.write(requests)) return void slow.socket.once('drain', fill);
      }
    };
    fill();
    const other = await RawClient.open(port);
    let before = -1;
    for (let round = 1; handler.requests.length - before !== 1; round++) {
      before = handler.requests.length;
      other.socket.write(offsetOf(9, round));
      await eventually(() => other.frames.length === round);
    }
    expect(handler.requests.length).toBeGreaterThan(20_000);
    expect(handler.requests.length).toBeLessThan(100 * 20_000);
    slow.socket.destroy();
  });

  it('answers at its end what it has taken, takes nothing more, and waits a second for who does not leave', async () => {
    const clock = new VirtualClock();
    const { handler, server, port } = await startServer(undefined, { clock });
    handler.isSilent = true;
    const staying = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).resume();
    onTestFinished(() => void staying.destroy());
    const client = await RawClient.open(port);
    client.socket.write(offsetOf(1, 1));
    await eventually(() => handler.contexts.length === 1);
    server.pause();
    client.socket.write(offsetOf(2, 2));
    let isClosed = false;
    const closing = server.close().then(() => (isClosed = true));
    handler.contexts[0]!.reply(success({ offset: 1 } as never, undefined as never));
    await client.closed;
    expect(client.frames.map(({ opaque }) => opaque)).toEqual([1]);
    await clock.advance(999);
    expect(isClosed).toBe(false);
    await clock.advance(1);
    await closing;
    expect(handler.requests).toHaveLength(1);
    expect(clock.hasTimers).toBe(false);
  });

  const hasIPv6 = Object.values(networkInterfaces()).some((all) =>
    all?.some(({ family }) => family === 'IPv6'),
  );
  it.skipIf(!hasIPv6)('knows a client by its IPv4 address where it listens on all of IPv6, too', async () => {
    const handler = new EchoHandler();
    const server = new RemotingServer({ handler, clock: systemClock, logger: new RecordingLogger() });
    onTestFinished(() => server.close());
    const client = await RawClient.open(await server.listen('::', 0));
    client.socket.write(offsetOf(1, 1));
    await eventually(() => client.frames.length === 1);
    expect(handler.contexts[0]!.channel.remoteHost.address).toEqual(Buffer.from([127, 0, 0, 1]));
  });

  it('refuses an address that is taken', async () => {
    const { port } = await startServer();
    const server = new RemotingServer({
      handler: new EchoHandler(),
      clock: systemClock,
      logger: new RecordingLogger(),
    });
    const error = await server.listen('127.0.0.1', port).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(String(error)).toContain(`Cannot listen on 127.0.0.1:${port} (listen EADDRINUSE`);
    await server.close();
  });
});
