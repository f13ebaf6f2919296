import { mixin } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { MessageSelector } from '../../lib/client/index.js';
import { ConfigurationError } from '../../lib/errors/index.js';
import type { RocketMQMessageListenerOptions } from '../../lib/index.js';
import { groupListeners } from '../../lib/listener/listener-group.js';
import type { ListenerEndpoint } from '../../lib/listener/listener-endpoint.js';
import { selectorOf } from '../../lib/listener/subscription.js';
import { PayloadConverter } from '../../lib/template/payload-converter.js';

function endpoint(
  options: Partial<RocketMQMessageListenerOptions>,
  name = 'OrderListener',
): ListenerEndpoint {
  const payloads = new PayloadConverter(false);
  const className = name.split('.')[0]!;
  return { name, className, options: { topic: 't', ...options }, payloads, invoke: () => {} };
}

describe('groupListeners', () => {
  it('finds the group: of the listener, else of the module, else the name of the class', () => {
    const endpoints = [endpoint({ consumerGroup: 'own' }), endpoint({ topic: 'u' }, 'Warehouse.reserve')];
    expect(groupListeners(endpoints, {}).map(({ group }) => group)).toEqual(['own', 'Warehouse']);
    expect(groupListeners(endpoints, { group: 'shop' }).map(({ group }) => group)).toEqual(['own', 'shop']);
  });

  it('refuses the name that mixin() of Nest made of the class: it is another one at every start', () => {
    const { name } = mixin(class OrderListener {});
    expect(() => groupListeners([endpoint({}, name)], {})).toThrow('mixin() makes anew at every start');
    const [group] = groupListeners([endpoint({ consumerGroup: 'own' }, name)], {});
    expect(group!.group).toBe('own');
  });

  it('puts listeners of one group together with all their subscriptions', () => {
    const [group, ...others] = groupListeners(
      [
        endpoint({ consumerGroup: 'g', selectorExpression: 'a || b' }),
        endpoint({ consumerGroup: 'g', selectorExpression: 'c' }, 'Second'),
        endpoint({ consumerGroup: 'g', topic: 'u' }, 'Third'),
      ],
      {},
    );
    expect(others).toEqual([]);
    expect(group!.subscriptions.map(({ topic, tags }) => [topic, [...tags]])).toEqual([
      ['t', ['a', 'b']],
      ['t', ['c']],
      ['u', []],
    ]);
    const { subscriptions } = group!;
    expect(selectorOf(subscriptions.slice(0, 2))).toEqual(MessageSelector.byTag('a || b || c'));
    expect(selectorOf(subscriptions.slice(2))).toEqual(MessageSelector.byTag('*'));
  });

  it('takes the options of the group from any of its listeners, else from the module', () => {
    const [group] = groupListeners(
      [
        endpoint({ consumerGroup: 'g' }),
        endpoint({ consumerGroup: 'g', topic: 'u', consumeThreadNumber: 3 }),
      ],
      { consumeThreadNumber: 5, pullInterval: 7 },
    );
    expect(group!.options).toMatchObject({ consumeThreadNumber: 3, pullInterval: 7 });
    expect(group!.options.maxReconsumeTimes).toBeUndefined();
  });

  it.each(['', '*', undefined])('selectorExpression %j is everything', (selectorExpression) => {
    const [group] = groupListeners([endpoint({ selectorExpression })], {});
    expect([...group!.subscriptions[0]!.tags]).toEqual([]);
  });

  it.each(['||', ' || ', ' '])('selectorExpression %j is refused', (selectorExpression) => {
    const group = () => groupListeners([endpoint({ selectorExpression })], {});
    expect(group).toThrow(ConfigurationError);
    expect(group).toThrow('of listener OrderListener is illegal: it has no tag');
  });

  it.each<Partial<RocketMQMessageListenerOptions>>([
    { topic: '${demo.topic:orders}' },
    { consumerGroup: '${demo.group}' },
    { selectorExpression: '${demo.tag}' },
    { topic: [{ topic: 't', selectorExpression: 'a || ${demo.tag:b}' }] },
  ])('%j, a placeholder of Spring, is refused with a hint', (options) => {
    const group = () => groupListeners([endpoint(options)], {});
    expect(group).toThrow('Nothing fills in placeholders here');
    expect(group).not.toThrow('A tag goes into');
  });

  it('selects by SQL92 for one listener of a topic alone', () => {
    const sql = endpoint({ consumerGroup: 'g', selectorType: 'SQL92', selectorExpression: 'a > 1' }, 'Sql');
    const [group] = groupListeners([sql, endpoint({ consumerGroup: 'g', topic: 'u' })], {});
    expect(selectorOf(group!.subscriptions.slice(0, 1))).toEqual(MessageSelector.bySql('a > 1'));
    const both = [sql, endpoint({ consumerGroup: 'g', selectorExpression: 'x' }, 'Tag')];
    expect(() => groupListeners(both, {})).toThrow('in group "g" both Sql and Tag listen to topic "t"');
  });

  it('leaves out what is switched off, but checks it', () => {
    const off = { listeners: { g: { t: false, u: true } } };
    const [group] = groupListeners(
      [endpoint({ consumerGroup: 'g' }), endpoint({ consumerGroup: 'g', topic: 'u' })],
      off,
    );
    expect(group!.subscriptions.map(({ topic }) => topic)).toEqual(['u']);
    const illegal = endpoint({ consumerGroup: 'g', selectorType: 'SQL92' });
    expect(() => groupListeners([illegal], off)).toThrow('found the end at character 1');
  });

  it('knows a listener of several topics as one member, with a subscription to each', () => {
    const topic = ['t', { topic: 'u', selectorType: 'SQL92', selectorExpression: 'a > 1' }] as const;
    const listener = endpoint({ topic, selectorExpression: 'x', consumerGroup: 'g' });
    const [group] = groupListeners([listener], {});
    expect(group!.subscriptions).toEqual([
      { endpoint: listener, topic: 't', tags: new Set(['x']) },
      { endpoint: listener, topic: 'u', tags: new Set(), sql: 'a > 1' },
    ]);
    const other = endpoint({ topic: 'u', consumerGroup: 'g' }, 'Other');
    expect(() => groupListeners([listener, other], {})).toThrow(
      'both OrderListener and Other listen to topic "u"',
    );
  });

  it('says of a class that two modules provide that one of them is to export it', () => {
    const twice = (listener: ListenerEndpoint) => () => groupListeners([listener, { ...listener }], {});
    const advice = 'one class in the providers of two modules: let one of them export it';
    expect(twice(endpoint({}))).toThrow(advice);
    expect(twice(endpoint({ selectorType: 'SQL92', selectorExpression: 'a > 1' }))).toThrow(advice);
    const others = [endpoint({}), endpoint({ consumerGroup: 'OrderListener' }, 'Other')];
    expect(() => groupListeners(others, {})).not.toThrow('two modules');
  });

  it.each([['%DLQ%group'], ['%RETRY%group'], ['a|b_c-D9']])('allows the topic %s', (topic) => {
    expect(groupListeners([endpoint({ topic })], {})).toHaveLength(1);
  });
});
