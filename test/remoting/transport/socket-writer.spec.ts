import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SocketWriter } from '../../../lib/remoting/transport/socket-writer.js';

/** A socket that keeps what it is given, call by call. */
function recordingSocket() {
  const calls: Buffer[][] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      calls.push([chunk]);
      done();
    },
    writev: (chunks, done) => {
      calls.push(chunks.map(({ chunk }) => chunk as Buffer));
      done();
    },
  });
  return { calls, socket: stream as unknown as Socket };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
const joined = (calls: readonly Buffer[][]) => Buffer.concat(calls.flat()).toString('hex');

/** With so many bytes nothing waits for the end of the turn. */
const LONG = 8 * 1024;

/** Calls that write these frames: they end with the turn, or where so much has gathered. */
function callsOf(frames: readonly Buffer[]): number {
  let calls = 0;
  let gathered = 0;
  for (const { length } of frames) {
    gathered += length;
    if (gathered < LONG) continue;
    calls++;
    gathered = 0;
  }
  return calls + Math.sign(gathered);
}

describe('SocketWriter', () => {
  it('writes the frames of a turn in their order, wherever they lie, with one call for 8 KiB', async () => {
    const memory = Buffer.from(Array.from({ length: 20_000 }, (_, i) => i & 0xff));
    const sizes = [1, 7, 300, 4000, 9000];
    const frame = fc
      .tuple(fc.integer({ min: 0, max: 10_000 }), fc.constantFrom(...sizes), fc.boolean())
      .map(([start, size, isOwn]) => {
        const view = memory.subarray(start, start + size);
        return isOwn ? Buffer.from(view) : view;
      });
    const turns = fc.array(fc.array(frame, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(turns, async (given) => {
        const { calls, socket } = recordingSocket();
        const writer = new SocketWriter(socket);
        for (const frames of given) {
          const before = calls.length;
          for (const each of frames) writer.write(each);
          await nextTurn();
          expect(calls.length - before).toBe(callsOf(frames));
        }
        expect(writer.backlog).toBe(0);
        expect(joined(calls)).toBe(joined(given));
      }),
    );
  });

  it('does not copy frames that lie next to each other', async () => {
    const { calls, socket } = recordingSocket();
    const memory = Buffer.alloc(100, 'abcdefghij');
    const writer = new SocketWriter(socket);
    for (let start = 10; start < 90; start += 20) writer.write(memory.subarray(start, start + 20));
    expect(writer.backlog).toBe(80);
    await nextTurn();
    expect(calls.flat()).toEqual([memory.subarray(10, 90)]);
    expect(calls[0]![0]!.buffer).toBe(memory.buffer);
  });

  it.each([
    ['alone', [9000]],
    ['with others', [9000, 20, 9000]],
    ['copied together with others', [9000, 20, 20, 20]],
  ])('tells once when memory is free that was written %s', async (_, sizes) => {
    const { calls, socket } = recordingSocket();
    const writer = new SocketWriter(socket);
    const free: number[] = [];
    sizes.forEach((size, i) => {
      const onWritten = size < 9000 ? undefined : () => free.push(i);
      writer.write(Buffer.alloc(size, i), onWritten);
    });
    expect(free).toEqual([]);
    await nextTurn();
    expect(free).toEqual(sizes.flatMap((size, i) => (size < 9000 ? [] : [i])));
    expect(calls.flat().reduce((sum, { length }) => sum + length, 0)).toBe(sizes.reduce((a, b) => a + b));
  });
});
