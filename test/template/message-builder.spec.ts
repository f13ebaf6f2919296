import { describe, expect, it } from 'vitest';
import { GenericMessage, MessageBuilder } from '../../lib/index.js';

describe('MessageBuilder', () => {
  it('builds a payload with headers', () => {
    const payload = { id: 1 };
    const message = MessageBuilder.withPayload(payload).setHeader('a', 1).setHeader('a', 2).build();
    expect(message).toBeInstanceOf(GenericMessage);
    expect(message.payload).toBe(payload);
    expect(message.headers).toEqual(new Map([['a', 2]]));
  });

  it('takes headers away that are null or undefined', () => {
    const builder = MessageBuilder.withPayload('x').copyHeaders({ a: 1, b: 2, c: 3 });
    const message = builder.setHeader('a', null).setHeader('b', undefined).build();
    expect([...message.headers.keys()]).toEqual(['c']);
  });

  it('copies headers of another message', () => {
    const first = MessageBuilder.withPayload('x').setHeader('a', 1).build();
    const second = MessageBuilder.withPayload('y').copyHeaders(first.headers).setHeader('b', 2).build();
    expect(second.headers).toEqual(
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
    );
  });

  it('does not change what it built before', () => {
    const builder = MessageBuilder.withPayload('x').setHeader('a', 1);
    const first = builder.build();
    builder.setHeader('a', 2);
    expect(first.headers.get('a')).toBe(1);
  });
});
