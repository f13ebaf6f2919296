import { Reflector } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import {
  ConfigurationError,
  RocketMQDeadLetterListener,
  RocketMQMessageListener,
  RocketMQReplyListener,
} from '../../lib/index.js';
import { ListenerMetadataAccessor } from '../../lib/listener/listener-metadata.accessor.js';

const accessor = new ListenerMetadataAccessor(new Reflector());

describe('RocketMQMessageListener', () => {
  it('notes the options of a class, in both of its forms', () => {
    @RocketMQMessageListener({ topic: 't', consumerGroup: 'g' })
    class A {}
    @RocketMQMessageListener('t', { consumerGroup: 'g' })
    class B {}
    @RocketMQMessageListener('t')
    class C {}
    expect(accessor.getListenerOptions(A)).toEqual({ topic: 't', consumerGroup: 'g' });
    expect(accessor.getListenerOptions(B)).toEqual({ topic: 't', consumerGroup: 'g' });
    expect(accessor.getListenerOptions(C)).toEqual({ topic: 't' });
  });

  it('notes the options of a method, and leaves the others alone', () => {
    class Warehouse {
      @RocketMQMessageListener('t', { selectorExpression: 'paid' })
      reserve(): void {}
      other(): void {}
    }
    const { reserve, other } = Object.getOwnPropertyDescriptors(Warehouse.prototype);
    expect(accessor.getListenerOptions(reserve.value)).toEqual({ topic: 't', selectorExpression: 'paid' });
    expect(accessor.getListenerOptions(other.value)).toBeUndefined();
    expect(accessor.getListenerOptions(Warehouse)).toBeUndefined();
    expect(accessor.getListenerOptions(undefined)).toBeUndefined();
  });

  it('is passed on to classes that inherit', () => {
    @RocketMQMessageListener('t')
    class Base {}
    class Derived extends Base {}
    expect(accessor.getListenerOptions(Derived)).toEqual({ topic: 't' });
  });

  it('gives way to that of a class or method that has one of its own', () => {
    @RocketMQMessageListener('t')
    class Base {
      @RocketMQMessageListener('a')
      handle(): void {}
    }
    @RocketMQMessageListener('u')
    class Derived extends Base {
      @RocketMQMessageListener('b')
      override handle(): void {}
    }
    expect(accessor.getListenerOptions(Derived)).toEqual({ topic: 'u' });
    const { handle } = Object.getOwnPropertyDescriptors(Derived.prototype);
    expect(accessor.getListenerOptions(handle.value)).toEqual({ topic: 'b' });
  });

  it('is refused beside another one of the same class or method', () => {
    const ofClass = () => {
      @RocketMQDeadLetterListener('g')
      @RocketMQMessageListener('t')
      class Twice {}
      return Twice;
    };
    const ofMethod = () => {
      class Twice {
        @RocketMQReplyListener('u')
        @RocketMQMessageListener('a')
        handle(): void {}
      }
      return Twice;
    };
    expect(ofClass).toThrow(ConfigurationError);
    expect(ofClass).toThrow('Twice has two decorators of listeners, of topic "t" and of topic "%DLQ%g"');
    expect(ofMethod).toThrow('Twice.handle has two decorators of listeners, of topic "a" and of topic "u"');
  });

  it('notes a topic that is missing, so that the start can complain', () => {
    @RocketMQMessageListener(undefined as never, { consumerGroup: 'g' })
    class Lost {}
    expect(accessor.getListenerOptions(Lost)).toEqual({ topic: undefined, consumerGroup: 'g' });
  });
});

describe('RocketMQDeadLetterListener', () => {
  it('has its defaults for what is undefined, too', () => {
    @RocketMQDeadLetterListener('g', { consumerGroup: undefined!, consumeFromWhere: undefined! })
    class Lost {}
    expect(accessor.getListenerOptions(Lost)).toEqual({
      topic: '%DLQ%g',
      consumerGroup: 'g-dead-letters',
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
      clientRebalance: true,
    });
  });
});
