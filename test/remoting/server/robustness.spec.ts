import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RequestAuthenticator } from '../../../lib/remoting/acl/request-authenticator.js';
import { RequestSigner } from '../../../lib/remoting/acl/request-signer.js';
import { success } from '../../../lib/remoting/remoting-command.js';
import { encodeRequest } from '../../../lib/remoting/codec/remoting-codec.js';
import { MAX_FRAME_SIZE } from '../../../lib/remoting/codec/frame-cutter.js';
import type { RequestContext } from '../../../lib/remoting/channel.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../lib/remoting/response-code.js';
import { eventually } from '../../support/eventually.js';
import { RawClient, startServer } from '../../support/tcp-server.js';
import { settle, VirtualClock } from '../../support/virtual-clock.js';

const MIB = 2 ** 20;

const maxOffset = (
  queueId: number,
  opaque: number,
  type: 'JSON' | 'ROCKETMQ' = 'ROCKETMQ',
  topic = 't',
  signer?: RequestSigner,
) =>
  encodeRequest(
    { code: RequestCode.GET_MAX_OFFSET, header: { topic, queueId }, body: undefined },
    opaque,
    false,
    type,
    signer,
  );

const pull = (opaque: number) =>
  encodeRequest(
    { code: RequestCode.VIEW_MESSAGE_BY_ID, header: { offset: opaque }, body: undefined } as never,
    opaque,
    false,
  );

/** A frame whose header begins with `prefix`. */
function jsonFrameOf(frame: Buffer, prefix: string): Buffer {
  const header = Buffer.concat([Buffer.from(prefix), frame.subarray(8)]);
  const start = Buffer.alloc(8);
  start.writeInt32BE(header.length + 4, 0);
  start.writeInt32BE(header.length, 4);
  return Buffer.concat([start, header]);
}

/** Memory outside of the heap, where the bytes of sockets are, once nothing of it is garbage that was freed. */
const externalBytes = () => process.memoryUsage().external + process.memoryUsage().arrayBuffers;

/** The bytes go out by themselves, as far as the system lets them. */
const written = (client: RawClient, bytes: Buffer) =>
  new Promise<void>((resolve) => client.socket.write(bytes, () => resolve()));

describe('a server', () => {
  it.each(['JSON', 'ROCKETMQ'] as const)('reads a frame (%s) that is split at every byte', async (type) => {
    const { port, handler } = await startServer();
    const client = await RawClient.open(port);
    client.socket.setNoDelay(true);
    const frame = maxOffset(5, 77, type);
    for (let at = 1; at < frame.length; at++) {
      await written(client, frame.subarray(0, at));
      // So that the first part is read by itself.
      await settle();
      await written(client, frame.subarray(at));
      await eventually(() => client.frames.length === at);
    }
    expect(handler.requests).toHaveLength(frame.length - 1);
    expect(new Set(client.frames.map(({ opaque, fields }) => `${opaque} ${fields.get('offset')}`))).toEqual(
      new Set(['77 5']),
    );
  });

  it('forgets a frame whose connection is cut, at whichever byte', async () => {
    const clock = new VirtualClock();
    const { port, handler } = await startServer(undefined, { clock });
    const frame = maxOffset(5, 77);
    for (let at = 0; at < frame.length; at++) {
      const client = await RawClient.open(port);
      await written(client, frame.subarray(0, at));
      if (at % 2 === 0) client.socket.destroy();
      else client.socket.resetAndDestroy();
    }
    await eventually(() => handler.closed.length === frame.length);
    expect(handler.requests).toEqual([]);
    expect(clock.hasTimers).toBe(false);
    const other = await RawClient.open(port);
    other.socket.write(frame);
    await eventually(() => other.frames.length === 1);
  });

  it('takes a frame of 16 MiB, and none that is a byte longer', async () => {
    const { port, handler } = await startServer();
    const longest = Buffer.alloc(MAX_FRAME_SIZE);
    maxOffset(1, 1).copy(longest);
    longest.writeInt32BE(MAX_FRAME_SIZE - 4, 0);
    const client = await RawClient.open(port);
    client.socket.write(longest);
    await eventually(() => client.frames.length === 1);
    const tooLong = Buffer.from(longest.subarray(0, 100));
    tooLong.writeInt32BE(MAX_FRAME_SIZE - 3, 0);
    client.socket.write(tooLong);
    await client.closed;
    expect(handler.requests).toHaveLength(1);
  });

  it('keeps no more of frames that are announced than what has arrived', async () => {
    const { port } = await startServer();
    const before = externalBytes();
    const start = Buffer.alloc(64);
    start.writeInt32BE(MAX_FRAME_SIZE - 4, 0);
    const clients = await Promise.all(Array.from({ length: 200 }, () => RawClient.open(port)));
    await Promise.all(clients.map((client) => written(client, start)));
    const other = await RawClient.open(port);
    other.socket.write(maxOffset(1, 1));
    await eventually(() => other.frames.length === 1);
    expect(externalBytes() - before).toBeLessThan(64 * MIB);
  });

  it(
    'carries out no more requests of a client that does not read than it has room for',
    { timeout: 60_000 },
    async () => {
      const body = Buffer.alloc(256 * 1024);
      const { port, handler } = await startServer();
      handler.isSilent = true;
      const answer = (context: RequestContext) => context.reply(success(undefined as never, body as never));
      const slow = await RawClient.open(port);
      slow.socket.pause();
      let answered = 0;
      const handle = handler.handle.bind(handler);
      handler.handle = (request, context) => {
        handle(request, context);
        if (request.code !== RequestCode.VIEW_MESSAGE_BY_ID) return answer(context);
        answered++;
        answer(context);
      };
      // Far more than a connection may leave unread, all in a few chunks.
      const count = 2000;
      slow.socket.write(Buffer.concat(Array.from({ length: count }, (_, i) => pull(i))));
      await eventually(() => answered > 10);
      const other = await RawClient.open(port);
      for (let i = 1; i <= 20; i++) {
        other.socket.write(pull(i));
        await eventually(() => other.frames.length === i);
      }
      // Four MiB, and what the system takes.
      expect(answered - 20).toBeLessThan(200);
      // It was only slow: every request is answered once it reads.
      slow.socket.resume();
      await eventually(() => slow.frames.length === count, 20_000);
      expect(slow.frames.map(({ opaque }) => opaque)).toEqual(Array.from({ length: count }, (_, i) => i));
    },
  );

  it('cuts off a client that leaves answers unread which come later', async () => {
    const { port, handler } = await startServer();
    handler.isSilent = true;
    const slow = await RawClient.open(port);
    slow.socket.pause();
    slow.socket.write(Buffer.concat(Array.from({ length: 1000 }, (_, i) => pull(i))));
    await eventually(() => handler.contexts.length === 1000);
    const body = Buffer.alloc(256 * 1024);
    for (const context of handler.contexts) context.reply(success(undefined as never, body as never));
    await eventually(() => handler.closed.length === 1);
    const other = await RawClient.open(port);
    handler.isSilent = false;
    other.socket.write(maxOffset(1, 1));
    await eventually(() => other.frames.length === 1);
  });

  it('lets a limited number of requests of a client wait for an answer', async () => {
    const { port, handler } = await startServer();
    handler.isSilent = true;
    const client = await RawClient.open(port);
    const many = 65_536;
    client.socket.write(Buffer.concat(Array.from({ length: many + 3 }, (_, i) => maxOffset(1, i))));
    await eventually(() => client.frames.length === 3);
    expect(client.frames[0]).toMatchObject({ code: ResponseCode.SYSTEM_BUSY, opaque: many });
    expect(client.frames[0]!.remark).toMatch(/^\[OVERLOAD\]system busy, 65536 requests/);
    expect(handler.requests).toHaveLength(many);
    for (const context of handler.contexts.splice(0))
      context.reply(success({ offset: 1 } as never, undefined as never));
    await eventually(() => client.frames.length === many + 3);
    client.socket.write(maxOffset(1, 1));
    await eventually(() => handler.contexts.length === 1);
  });

  it('answers that an answer is too long to be sent', async () => {
    const { port, handler } = await startServer();
    handler.isSilent = true;
    const client = await RawClient.open(port);
    client.socket.write(pull(1));
    await eventually(() => handler.contexts.length === 1);
    handler.contexts[0]!.reply(success(undefined as never, Buffer.alloc(MAX_FRAME_SIZE) as never));
    await eventually(() => client.frames.length === 1);
    expect(client.frames[0]).toMatchObject({ code: ResponseCode.SYSTEM_ERROR, opaque: 1 });
    expect(client.frames[0]!.remark).toContain('A frame of 16777');
  });

  it('serves others while a client sends a frame very slowly', async () => {
    const { port } = await startServer();
    const slow = connect(port, '127.0.0.1');
    onTestFinished(() => void slow.destroy());
    const frame = maxOffset(1, 1);
    const other = await RawClient.open(port);
    for (let i = 0; i < frame.length - 1; i++) {
      slow.write(frame.subarray(i, i + 1));
      other.socket.write(maxOffset(2, i));
      await eventually(() => other.frames.length === i + 1);
    }
  });

  it('refuses connections beyond a number, and says so once a minute', async () => {
    const clock = new VirtualClock();
    const { port, handler, logger } = await startServer(undefined, { clock, maxConnections: 2 });
    const [first, second] = [await RawClient.open(port), await RawClient.open(port)];
    const beRefused = async () => (await RawClient.open(port)).closed;
    for (let i = 0; i < 3; i++) await beRefused();
    const complaint = 'A connection from 127.0.0.1 is refused, as there are 2 already';
    expect(logger.lines).toEqual([expect.stringContaining(complaint)]);
    await clock.advance(60_000);
    await beRefused();
    expect(logger.lines).toHaveLength(2);
    first.socket.destroy();
    await eventually(() => handler.closed.length === 1);
    const third = await RawClient.open(port);
    for (const { socket } of [second, third]) socket.write(maxOffset(1, 1));
    await eventually(() => second.frames.length + third.frames.length === 2);
  });

  it('closes the connection of a client that does not complete a frame within 30 seconds', async () => {
    const clock = new VirtualClock();
    const { port, handler, logger } = await startServer(undefined, { clock });
    const [client, other] = [await RawClient.open(port), await RawClient.open(port)];
    const frame = maxOffset(1, 2);
    client.socket.write(Buffer.concat([maxOffset(1, 1), frame.subarray(0, 10)]));
    await eventually(() => client.frames.length === 1);
    await clock.advance(20_000);
    await written(client, frame.subarray(10, 11));
    await clock.advance(9999);
    expect(handler.closed).toEqual([]);
    await clock.advance(1);
    await client.closed;
    expect(logger.lines).toEqual([expect.stringContaining('a frame was not complete within 30000 ms')]);
    other.socket.write(maxOffset(1, 1));
    await eventually(() => other.frames.length === 1);
    await eventually(() => handler.closed.length === 1);
    expect(clock.hasTimers).toBe(false);
  });

  it('keeps a client whose frames all end in pieces of their own', async () => {
    const clock = new VirtualClock();
    const { port, handler } = await startServer(undefined, { clock });
    const client = await RawClient.open(port);
    const frame = maxOffset(1, 1);
    client.socket.write(frame.subarray(0, 10));
    for (let i = 1; i <= 10; i++) {
      client.socket.write(Buffer.concat([frame.subarray(10), frame.subarray(0, 10)]));
      await eventually(() => client.frames.length === i);
      await clock.advance(25_000);
    }
    client.socket.write(frame.subarray(10));
    await eventually(() => client.frames.length === 11);
    await clock.advance(60_000);
    expect(clock.hasTimers).toBe(false);
    expect(handler.closed).toEqual([]);
  });

  it('closes the connection of a client that has signed nothing after 30 seconds, whatever it sends', async () => {
    const clock = new VirtualClock();
    const user = { accessKey: 'user', secretKey: 'secret' };
    const authenticator = new RequestAuthenticator([user]);
    const { port, handler, logger } = await startServer(undefined, { clock, authenticator });
    const [idle, busy, known] = [
      await RawClient.open(port),
      await RawClient.open(port),
      await RawClient.open(port),
    ];
    for (let i = 1; i <= 3; i++) {
      busy.socket.write(maxOffset(1, i));
      await eventually(() => busy.frames.length === i);
      await clock.advance(9_999);
    }
    known.socket.write(maxOffset(1, 1, 'JSON', 't', new RequestSigner(user)));
    await eventually(() => known.frames.length === 1);
    expect(handler.closed).toEqual([]);
    await clock.advance(3);
    await Promise.all([idle.closed, busy.closed]);
    await clock.advance(60_000);
    known.socket.write(maxOffset(1, 2, 'JSON', 't', new RequestSigner(user)));
    await eventually(() => known.frames.length === 2);
    expect(logger.lines).toEqual([expect.stringContaining('are refused')]);
    expect(clock.hasTimers).toBe(false);
  });

  it('makes no objects of a long header of a client that has signed nothing', async () => {
    const user = { accessKey: 'user', secretKey: 'secret' };
    const authenticator = new RequestAuthenticator([user]);
    const { port, logger } = await startServer(undefined, { authenticator });
    const [client, other] = [await RawClient.open(port), await RawClient.open(port)];
    const signer = new RequestSigner(user);
    // The blank is what the scanner does not read.
    const unusual = (topic: string) => jsonFrameOf(maxOffset(1, 1, 'JSON', topic, signer), ' ');
    client.socket.write(unusual('t'));
    await eventually(() => client.frames.length === 1);
    client.socket.write(unusual('t'.repeat(70_000)));
    await eventually(() => client.frames.length === 2);
    other.socket.write(unusual('t'.repeat(70_000)));
    await other.closed;
    expect(logger.lines).toEqual([
      expect.stringMatching(/header of 70\d+ bytes in an unusual form; allowed: 65536/),
    ]);
  });

  it('limits what clients hold together before they have signed a request', async () => {
    const user = { accessKey: 'user', secretKey: 'secret' };
    const signer = new RequestSigner(user);
    const signed = (size: number) => maxOffset(1, 1, 'ROCKETMQ', 't'.repeat(size), signer);
    const long = signed(200 * 1024);
    const options = { authenticator: new RequestAuthenticator([user]), maxStrangerBytes: long.length };
    const { port, server, handler, logger } = await startServer(undefined, options);
    const { strangers } = server as unknown as { strangers: { heldBytes: number } };
    const open = () => RawClient.open(port);
    const [holding, refused, known, last] = [await open(), await open(), await open(), await open()];
    holding.socket.write(long.subarray(0, -1));
    await eventually(() => strangers.heldBytes >= long.length - 1);
    refused.socket.write(long.subarray(0, 100 * 1024));
    await refused.closed;
    expect(logger.lines).toEqual([expect.stringContaining('of all clients together have more than 20')]);
    const short = signed(60_000);
    known.socket.write(short.subarray(0, 50_000));
    await eventually(() => strangers.heldBytes >= long.length - 1 + 50_000);
    known.socket.write(Buffer.concat([short.subarray(50_000), long]));
    await eventually(() => known.frames.length === 2);
    holding.socket.destroy();
    await eventually(() => handler.closed.length === 2);
    expect(strangers.heldBytes).toBe(0);
    last.socket.write(long);
    await eventually(() => last.frames.length === 1);
    expect(strangers.heldBytes).toBe(0);
    expect([...known.frames, ...last.frames].map(({ code }) => code)).toEqual([0, 0, 0]);
  });

  it('waits for the rest of a frame while it does not read it itself', async () => {
    const clock = new VirtualClock();
    const { port, handler } = await startServer(undefined, { clock });
    handler.isSilent = true;
    const slow = await RawClient.open(port);
    slow.socket.pause();
    const frame = maxOffset(1, 9);
    slow.socket.write(Buffer.concat([pull(1), pull(2), pull(3), frame.subarray(0, 10)]));
    await eventually(() => handler.contexts.length === 3);
    await clock.advance(20_000);
    const body = Buffer.alloc(15 * MIB);
    for (const context of handler.contexts) context.reply(success(undefined as never, body as never));
    await clock.advance(90_000);
    slow.socket.resume();
    await eventually(() => slow.frames.length === 3);
    await clock.advance(29_000);
    slow.socket.write(frame.subarray(10));
    await eventually(() => handler.contexts.length === 4);
    expect(handler.closed).toEqual([]);
  });

  it('sends bodies as they were written, also from memory that it uses again', async () => {
    const { port, handler } = await startServer();
    const memory = new Set<ArrayBufferLike>();
    handler.handle = ({ header }, context) => {
      const { offset } = header as { offset: number };
      const body = context.allocator!.allocate(20_000).fill(offset);
      memory.add(body.buffer);
      context.reply(success(undefined as never, body as never));
    };
    const clients = [await RawClient.open(port), await RawClient.open(port)];
    const [slow, quick] = clients as [RawClient, RawClient];
    slow.socket.pause();
    const count = 200;
    slow.socket.write(Buffer.concat(Array.from({ length: count }, (_, i) => pull(i))));
    for (let i = 0; i < count; i++) {
      quick.socket.write(pull(i));
      await eventually(() => quick.frames.length === i + 1);
    }
    slow.socket.resume();
    await eventually(() => slow.frames.length === count);
    for (const { frames } of clients)
      for (const { opaque, body } of frames) expect(body.equals(Buffer.alloc(20_000, opaque))).toBe(true);
    expect(memory.size).toBeLessThan(1.5 * count);
  });
});
