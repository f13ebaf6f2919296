import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessages } from '../../lib/common/message-decoder.js';
import type { MessageExt } from '../../lib/common/message-ext.js';
import { MessageConversionError } from '../../lib/errors/index.js';
import { fromBody, parseJson, toBody } from '../../lib/template/message-converter.js';
import { encodeRecord, innerMessage } from '../support/test-store.js';

function stored(body: string | Buffer, contentType?: string): MessageExt {
  const properties = new Map(contentType === undefined ? [] : [['contentType', contentType]]);
  const [message] = decodeMessages(
    encodeRecord(innerMessage({ body: Buffer.from(body as string), properties })),
  );
  return message!;
}

function* rows() {
  yield 1;
}

async function* asyncRows() {
  yield 1;
}

class Hidden {
  readonly #rows = [1];

  [Symbol.iterator]() {
    return this.#rows.values();
  }
}

describe('toBody', () => {
  it('encodes a JSON text once more only where asked', () => {
    expect(toBody('{}', 'application/json', false).body.toString()).toBe('{}');
    expect(toBody('{}', 'application/json', true).body.toString()).toBe('"{}"');
    expect(toBody('{}', 'application/vnd.shop+json', true).body.toString()).toBe('"{}"');
    expect(toBody('{}', undefined, true)).toEqual({
      body: Buffer.from('{}'),
      contentType: 'text/plain;charset=UTF-8',
    });
    expect(toBody(Buffer.from('{}'), 'application/json', true).body.toString()).toBe('{}');
  });

  it('does not copy bytes', () => {
    const bytes = Buffer.from('bytes');
    expect(toBody(bytes, undefined, false).body).toBe(bytes);
  });

  it.each([undefined, () => {}, Symbol('s'), 1n])('refuses %s, without showing it', (payload) => {
    expect(() => toBody(payload, undefined, false)).toThrow(MessageConversionError);
    expect(() => toBody(payload, undefined, false)).toThrow(
      `A payload of type ${typeof payload} cannot be sent: it has no JSON form`,
    );
  });

  const bytes = new Uint8Array(Buffer.from('xview')).subarray(1);
  const shared = new Uint8Array(new SharedArrayBuffer(4));
  shared.set(bytes);
  it.each<[string, unknown]>([
    ['an ArrayBuffer', Uint8Array.from(bytes).buffer],
    ['a SharedArrayBuffer', shared.buffer],
    ['a DataView', new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)],
    ['numbers', new Uint16Array(Uint8Array.from(bytes).buffer)],
  ])('takes %s for bytes', (_name, payload) => {
    const { body, contentType } = toBody(payload, undefined, false);
    expect([body.toString(), contentType]).toEqual(['view', 'application/octet-stream']);
  });

  it.each([
    [new Map([['a', 1]]), 'A payload of type Map cannot be sent: it has no JSON form'],
    [new Set([1]), 'A payload of type Set cannot be sent: it has no JSON form'],
    [Promise.resolve(1), 'A promise cannot be sent: wait for its value'],
    [[1].values(), 'A payload of type Array Iterator cannot be sent: it has no JSON form'],
    [rows(), 'A payload of type Generator cannot be sent: it has no JSON form'],
    [asyncRows(), 'A payload of type AsyncGenerator cannot be sent: it has no JSON form'],
    [new Hidden(), 'A payload of type Object cannot be sent: it has no JSON form'],
    [new Blob(['x']), 'A payload of type Blob cannot be sent: it has no JSON form'],
    [new Error('x'), 'A payload of type Error cannot be sent: it has no JSON form'],
    [new WeakMap(), 'A payload of type WeakMap cannot be sent: it has no JSON form'],
    [NaN, 'A payload of type NaN cannot be sent: it has no JSON form'],
    [-Infinity, 'A payload of type -Infinity cannot be sent: it has no JSON form'],
    [new Date(NaN), 'A payload of type Invalid Date cannot be sent: it has no JSON form'],
  ])('refuses %o, of which JSON would keep nothing', (payload, text) => {
    expect(() => toBody(payload, undefined, false)).toThrow(MessageConversionError);
    expect(() => toBody(payload, undefined, false)).toThrow(text);
  });

  it.each<[string, unknown, string]>([
    ['null', null, 'null'],
    ['an object without fields', {}, '{}'],
    ['one without a prototype', Object.create(null), '{}'],
    ['one of a class', new (class Paid {})(), '{}'],
    ['an error with fields', Object.assign(new Error('x'), { code: 1 }), '{"code":1}'],
    ['an error with toJSON', Object.assign(new Error('x'), { toJSON: () => ({}) }), '{}'],
    ['what toJSON says', { toJSON: () => null }, 'null'],
    ['a date', new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ['no elements', [], '[]'],
  ])('takes %s', (_name, payload, text) => {
    expect(toBody(payload, undefined, false).body.toString()).toBe(text);
  });

  it('and fromBody give every JSON value back', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const { body, contentType } = toBody(value, undefined, false);
        expect(fromBody(stored(body, contentType))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe('fromBody', () => {
  it.each([
    ['application/json', '{"a":1}', { a: 1 }],
    ['application/json;charset=UTF-8', '{"a":1}', { a: 1 }],
    ['APPLICATION/JSON', '1', 1],
    ['application/problem+json', '[]', []],
    ['application/jsonlines', '1', '1'],
    ['text/plain;charset=UTF-8', '{"a":1}', '{"a":1}'],
    ['application/octet-stream', 'ab', Buffer.from('ab')],
    ['image/png', 'ab', 'ab'],
    [undefined, '{"a":1}', '{"a":1}'],
  ])('reads %s', (contentType, body, expected) => {
    expect(fromBody(stored(body, contentType))).toEqual(expected);
  });
});

describe('parseJson', () => {
  it('names the message that is not JSON, not its body', () => {
    const message = stored('secret');
    const parse = () => parseJson(message);
    expect(parse).toThrow(MessageConversionError);
    expect(parse).toThrow(`The body of message ${message.msgId} of topic TopicA is not JSON`);
    expect(parse).not.toThrow('secret');
  });
});
