import { IsInt, Min } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { decodeMessages } from '../../lib/common/message-decoder.js';
import type { Message } from '../../lib/common/message.js';
import { ConfigurationError, MessageConversionError } from '../../lib/errors/index.js';
import { MessageExt, type RocketMQMessageListenerOptions } from '../../lib/index.js';
import { createPayloadReader } from '../../lib/template/payload-reader.js';
import { PayloadConverter } from '../../lib/template/payload-converter.js';
import { encodeRecord, innerMessage } from '../support/test-store.js';

class Order {
  @IsInt()
  @Min(1)
  quantity!: number;
}

function reader(options: Partial<RocketMQMessageListenerOptions>) {
  return createPayloadReader('Listener OrderListener', options, new PayloadConverter(false));
}

function message(body: string): MessageExt {
  return decodeMessages(encodeRecord(innerMessage({ body: Buffer.from(body) })))[0]!;
}

describe('createPayloadReader', () => {
  it('builds a class from JSON, and knows nothing of its rules unless asked', async () => {
    const read = await reader({ messageType: Order });
    const order = read(message('{"quantity":0}'));
    expect(order).toBeInstanceOf(Order);
    expect(order).toEqual({ quantity: 0 });
  });

  it('validates where asked, and names the rule but not the value', async () => {
    const read = await reader({ messageType: Order, validate: true });
    expect(await read(message('{"quantity":1}'))).toEqual({ quantity: 1 });
    const bad = message('{"quantity":-4711}');
    const rejected = Promise.resolve(read(bad));
    await expect(rejected).rejects.toThrow(MessageConversionError);
    await expect(rejected).rejects.toThrow(`Message ${bad.msgId} of topic TopicA is no valid Order: `);
    await expect(rejected).rejects.toThrow('min');
    await expect(rejected).rejects.not.toThrow('4711');
  });

  it.each(['7', 'null', '"text"'])('%s is no object to validate', async (body) => {
    const read = await reader({ messageType: Order, validate: true });
    await expect(Promise.resolve(read(message(body)))).rejects.toThrow('it is no object');
  });

  it.each([
    [Order, ['5', 'null', '[{}]', '"a"'], 'Order: it is no object'],
    [Number, ['"5"', 'null', 'true', '[5]', '{}'], 'Number: it is no number'],
    [Boolean, ['"true"', 'null', '1'], 'Boolean: it is no boolean'],
    [Array, ['{}', 'null', '"[]"'], 'Array: it is no array'],
  ])('refuses JSON of another type than %o', async (messageType, bodies, text) => {
    const read = await reader({ messageType });
    for (const given of bodies.map(message)) {
      expect(() => read(given)).toThrow(MessageConversionError);
      expect(() => read(given)).toThrow(`Message ${given.msgId} of topic TopicA is no valid ${text}`);
    }
  });

  it.each([Order, Number, Array])('takes null for a reply of type %o only', async (messageType) => {
    const read = await createPayloadReader(
      'sendAndReceive',
      { messageType, allowsNull: true },
      new PayloadConverter(false),
    );
    expect(read(message('null'))).toBeNull();
  });

  it('gives the message itself, its bytes or its text without a copy of more than that', async () => {
    const given = message('text');
    expect((await reader({ messageType: MessageExt }))(given)).toBe(given);
    expect((await reader({ messageType: Buffer }))(given)).toBe(given.body);
    expect((await reader({ messageType: String }))(given)).toBe('text');
  });

  it.each([Map, Set, Date])(
    'refuses %s, which class-transformer would build without its data',
    async (type) => {
      const refused = reader({ messageType: type });
      await expect(refused).rejects.toThrow(ConfigurationError);
      await expect(refused).rejects.toThrow(`Listener OrderListener has ${type.name} as messageType`);
    },
  );

  it('leaves a Map to a converter that makes one, and reads none where it makes none', async () => {
    const fromBody = ({ body }: Message) => (body.length > 2 ? new Map([['size', body.length]]) : undefined);
    const read = await createPayloadReader(
      'Listener OrderListener',
      { messageType: Map },
      new PayloadConverter(false, { fromBody }),
    );
    expect(read(message('text'))).toEqual(new Map([['size', 4]]));
    expect(() => read(message('{}'))).toThrow(MessageConversionError);
  });

  it.each([undefined, String, Buffer, MessageExt, Object, Array, Number, Boolean])(
    'cannot validate %s',
    async (messageType) => {
      await expect(reader({ messageType, validate: true })).rejects.toThrow(ConfigurationError);
    },
  );
});
