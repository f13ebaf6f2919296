import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, type MockInstance, vi } from 'vitest';
import { RemotingCodecError } from '../../../lib/errors/remoting-codec.error.js';
import { decodeRequest, decodeResponse, encodeRequest } from '../../../lib/remoting/codec/remoting-codec.js';
import { decodeFrame } from '../../../lib/remoting/codec/remoting-frame.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { responseBytes } from '../../support/response-bytes.js';
import { apacheExchanges, frameBytes } from '../../support/apache-frames.js';
import { arbitraryExchanges } from '../../support/arbitrary-commands.js';
import { jsonFrame } from '../../support/json-frame.js';

const serializeType = fc.constantFrom('JSON' as const, 'ROCKETMQ' as const);

const ownRequest = fc
  .tuple(fc.oneof(...arbitraryExchanges.map(({ request }) => request)), serializeType)
  .map(([request, type]) => encodeRequest(request, 1, false, type).subarray(4));

const ownResponse = fc
  .oneof(...arbitraryExchanges.map(({ code, response }) => response.map((value) => [code, value] as const)))
  .chain(([code, value]) => serializeType.map((type) => responseBytes(code, value, 1, type).subarray(4)));

const apacheFrames = apacheExchanges.flatMap(({ request, response }) =>
  response === null ? [frameBytes(request)] : [frameBytes(request), frameBytes(response)],
);

const anyFrame = fc.oneof(ownRequest, ownResponse, fc.constantFrom(...apacheFrames));

/** Reads all that can be read. Any error but one of the codec's own comes out. */
function readAll(frame: Buffer): void {
  tolerate(() => {
    const decoded = decodeFrame(frame);
    expect(decoded.fields.size).toBeLessThanOrEqual(1024);
    tolerate(() => decodeRequest(decoded));
    for (const code of Object.values(RequestCode)) tolerate(() => decodeResponse(code, decoded));
  });
}

function tolerate(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof RemotingCodecError)) throw error;
  }
}

/** A binary header with one field, lengths as they are given. */
function binaryFrame(parts: { remark?: number; fields?: number; name?: number; value?: number }): Buffer {
  const { remark = 0, fields = 8, name = 1, value = 1 } = parts;
  const header = Buffer.alloc(21 + 8);
  header.writeInt32BE(remark, 13);
  header.writeInt32BE(fields, 17);
  header.writeInt16BE(name, 21);
  header.writeInt32BE(value, 24);
  const mark = Buffer.alloc(4);
  mark.writeUInt32BE(0x1000000 + header.length);
  return Buffer.concat([mark, header]);
}

describe('a damaged frame', () => {
  let allocations: MockInstance<(size: number) => Buffer>[];
  beforeAll(() => (allocations = [vi.spyOn(Buffer, 'alloc'), vi.spyOn(Buffer, 'allocUnsafe')]));
  afterAll(() => allocations.forEach((spy) => spy.mockRestore()));

  function largestAllocation(): number {
    return Math.max(0, ...allocations.flatMap((spy) => spy.mock.calls.map(([size]) => size)));
  }

  const flips = fc.array(fc.tuple(fc.nat(), fc.nat(7)), { minLength: 1, maxLength: 8 });

  it('with flipped bits is refused or read, and nothing else', () => {
    fc.assert(
      fc.property(anyFrame, flips, (original, bits) => {
        const frame = Buffer.from(original);
        for (const [position, bit] of bits) frame[position % frame.length]! ^= 1 << bit;
        for (const spy of allocations) spy.mockClear();
        readAll(frame);
        expect(largestAllocation()).toBeLessThanOrEqual(4 * frame.length);
      }),
      { numRuns: 2000 },
    );
  });

  it('that is cut off or has other bytes put in is refused or read, and nothing else', () => {
    fc.assert(
      fc.property(
        anyFrame,
        fc.nat(),
        fc.nat(),
        fc.uint8Array({ maxLength: 8 }),
        (original, at, skip, bytes) => {
          const start = at % original.length;
          const end = start + (skip % (original.length - start + 1));
          readAll(Buffer.concat([original.subarray(0, start), bytes, original.subarray(end)]));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('of random bytes is refused or read, and nothing else', () => {
    const header = fc.tuple(fc.constantFrom(0, 1), fc.uint8Array({ maxLength: 200 })).map(([type, bytes]) => {
      const mark = Buffer.alloc(4);
      mark.writeUInt32BE(type * 0x1000000 + bytes.length);
      return Buffer.concat([mark, bytes]);
    });
    fc.assert(
      fc.property(fc.oneof(header, fc.uint8Array()), (bytes) => readAll(Buffer.from(bytes))),
      { numRuns: 2000 },
    );
  });
});

describe('a frame', () => {
  it('of which nothing is missing is read', () => {
    expect([...decodeFrame(binaryFrame({})).fields]).toEqual([['\0', '\0']]);
  });

  it.each([
    ['no header', Buffer.alloc(3), 'A frame of 3 bytes has no header'],
    [
      'a header longer than itself',
      Buffer.from('00000005aaaaaaaa', 'hex'),
      'A header of 5 bytes in a frame of 8',
    ],
    ['a serialize type that nobody knows', Buffer.from('02000000', 'hex'), 'unknown serialize type 2'],
    [
      'too short a binary header',
      Buffer.concat([Buffer.from('01000014', 'hex'), Buffer.alloc(20)]),
      '20 bytes',
    ],
    ['a remark that leaves the header', binaryFrame({ remark: 9 }), 'remark'],
    ['a negative remark', binaryFrame({ remark: -1 }), 'remark'],
    ['fields that leave the header', binaryFrame({ fields: 9 }), 'The fields'],
    ['negative fields', binaryFrame({ fields: -8 }), 'The fields'],
    ['a field that is cut off', binaryFrame({ fields: 5 }), 'cut off'],
    ['a name that leaves the header', binaryFrame({ name: 3 }), 'The name'],
    ['a negative name', binaryFrame({ name: -1 }), 'The name'],
    ['a value that leaves the header', binaryFrame({ value: 2 }), 'The value'],
    ['a negative value', binaryFrame({ value: -1 }), 'The value'],
    ['a huge value', binaryFrame({ value: 2 ** 31 - 1 }), 'The value'],
    ['no JSON', jsonFrame('{"code":1'), 'cannot be parsed'],
    ['no object', jsonFrame('[1]'), 'not an object'],
    ['no code', jsonFrame('{"flag":1}'), 'code is not an integer'],
    ['a code that is no integer', jsonFrame('{"code":1.5}'), 'code is not an integer'],
    ['an opaque beyond 32 bits', jsonFrame('{"code":1,"opaque":2147483648}'), 'opaque is not an integer'],
    ['fields that are no object', jsonFrame('{"code":1,"extFields":[]}'), 'extFields are not an object'],
    ['a header nested too deep', jsonFrame(`{"code":1,"x":${'['.repeat(1000)}`), 'cannot be parsed'],
    ['a huge header in an odd form', jsonFrame(`{"code":1,"x":"${'x'.repeat(2 ** 20)}"}`), 'unusual form'],
  ])('with %s is refused', (_what, frame, message) => {
    expect(() => decodeFrame(frame)).toThrow(RemotingCodecError);
    expect(() => decodeFrame(frame)).toThrow(message);
  });

  it('with too many fields is refused', () => {
    const fields = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, i]));
    expect(decodeFrame(jsonFrame({ code: 1, extFields: fields(1024) })).fields.size).toBe(1024);
    expect(() => decodeFrame(jsonFrame({ code: 1, extFields: fields(1025) }))).toThrow(
      'more than 1024 fields',
    );
    expect(() => decodeFrame(jsonFrame({ code: 1, extFields: fields(1025), x: 1 }))).toThrow(
      'more than 1024',
    );
  });

  it('with a large header in the usual form is read: an answer to a batch has many ids', () => {
    const msgId = 'ABCD'.repeat(2 ** 19);
    const frame = decodeFrame(jsonFrame({ code: 0, extFields: { msgId, queueId: '1', queueOffset: '2' } }));
    expect(decodeResponse(RequestCode.SEND_BATCH_MESSAGE, frame).header!.msgId).toBe(msgId);
  });
});

describe('a batch', () => {
  const item = (size: number, bodyLength: number, propertiesLength: number) => {
    const bytes = Buffer.alloc(26);
    bytes.writeInt32BE(size, 0);
    bytes.writeInt32BE(bodyLength, 16);
    bytes.writeInt16BE(propertiesLength, 20 + 2);
    return bytes;
  };
  const fields = { a: 'g', b: 't', c: 'd', d: 4, e: 0, f: 0, g: 1, h: 0, m: 'true' };
  const read = (body: Buffer) => {
    const frame = Buffer.concat([jsonFrame({ code: 320, extFields: fields }), body]);
    return decodeRequest(decodeFrame(frame))!.body;
  };

  it('of one message is read', () => {
    const message = { flag: 0, body: Buffer.alloc(2), properties: new Map() };
    expect(read(item(26, 2, 2))).toEqual([message]);
  });

  it.each([
    ['too long', item(27, 2, 2)],
    ['too short', item(21, 2, 2)],
    ['negative', item(-1, 2, 2)],
    ['with a body that leaves it', item(26, 7, 2)],
    ['with a negative body', item(26, -1, 2)],
    ['with properties that leave it', item(26, 2, 3)],
    ['with negative properties', item(26, 2, -1)],
    ['that is cut off', item(26, 2, 2).subarray(0, 25)],
    ['followed by less than a message', Buffer.concat([item(26, 2, 2), Buffer.alloc(3)])],
  ])('with a message %s is refused', (_what, body) => {
    expect(() => read(body)).toThrow(RemotingCodecError);
  });

  it('with properties longer than their length can say is not sent', () => {
    const header = { producerGroup: '', topic: '', defaultTopic: '', defaultTopicQueueNums: 0, queueId: 0 };
    const rest = {
      sysFlag: 0,
      bornTimestamp: 0,
      flag: 0,
      properties: new Map(),
      reconsumeTimes: 0,
      brokerName: '',
    };
    const send = (length: number) => {
      const properties = new Map([['k', 'v'.repeat(length - 3)]]);
      const body = [{ flag: 0, body: Buffer.alloc(1), properties }];
      return encodeRequest(
        { code: RequestCode.SEND_BATCH_MESSAGE, header: { ...header, ...rest }, body },
        1,
        false,
      );
    };
    expect(send(32767).length).toBeGreaterThan(32767);
    expect(() => send(32768)).toThrow('32768 bytes of properties');
  });
});
