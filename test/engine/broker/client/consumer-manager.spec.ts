import { describe, expect, it } from 'vitest';
import { decodeMessages } from '../../../../lib/common/message-decoder.js';
import type { EngineOptions } from '../../../../lib/engine/index.js';
import { RequestCode } from '../../../../lib/remoting/request-code.js';
import { TestClient } from '../../../support/test-client.js';
import { bodies } from '../../../support/test-peers.js';
import { startEngine } from '../../../support/test-engine.js';
import { HOUR, settle, VirtualClock } from '../../../support/virtual-clock.js';

async function open(engine?: EngineOptions) {
  const clock = new VirtualClock();
  const started = await startEngine({ clock, engine });
  const [first, second] = [await TestClient.open(started), await TestClient.open(started)];
  return { clock, engine: started, first, second };
}

describe('ConsumerManager', () => {
  it.each([
    [undefined, 120_000],
    [30_000, 30_000],
  ])('forgets a member after channelExpiredTimeout (%s)', async (channelExpiredTimeout, timeout) => {
    const { clock, first, second } = await open({ channelExpiredTimeout });
    await first.heartbeat('c1', 'g', {});
    await second.heartbeat('c2', 'g', {});
    await clock.advance(timeout);
    await second.heartbeat('c2', 'g', {});
    second.pushed.length = 0;
    expect(await second.consumerIds('g')).toEqual(['c1', 'c2']);
    // Members are looked through every 10 s.
    await clock.advance(10_000);
    expect(await second.consumerIds('g')).toEqual(['c2']);
    expect(second.pushed.map(({ code }) => code)).toEqual([RequestCode.NOTIFY_CONSUMER_IDS_CHANGED]);
    await clock.advance(timeout + 10_000);
    expect(await second.consumerIds('g')).toBeUndefined();
  });

  it.each([-HOUR, HOUR])('forgets a member in time when the clock is set by %s ms', async (step) => {
    const { clock, first, second } = await open();
    await first.heartbeat('c1', 'g', {});
    clock.set(clock.now() + step);
    await clock.advance(120_000);
    expect(await second.consumerIds('g')).toEqual(['c1']);
    await clock.advance(10_000);
    expect(await second.consumerIds('g')).toBeUndefined();
  });

  it('tells the groups that subscribe to a topic when it is created', async () => {
    const { first, second } = await open();
    await first.heartbeat('c1', 'g', { t: '*' }, { messageModel: 'BROADCASTING' });
    await second.heartbeat('c2', 'h', { u: '*' }, { messageModel: 'BROADCASTING' });
    await first.send('t');
    await settle();
    expect(first.pushed.map(({ header }) => header)).toEqual([{ consumerGroup: 'g' }]);
    expect(second.pushed).toEqual([]);
  });

  it('tells of a group once that a heartbeat names several times, and takes the last', async () => {
    const { first } = await open();
    const consumerDataSet = ['a', 'b', 'c'].map((topic) => ({
      groupName: 'g',
      consumeType: 'CONSUME_PASSIVELY' as const,
      messageModel: 'CLUSTERING' as const,
      consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET' as const,
      subscriptionDataSet: [first.subscription(topic, '*')],
    }));
    const body = { clientID: 'c1', producerDataSet: [], consumerDataSet };
    await first.call(RequestCode.HEART_BEAT, undefined, body);
    await settle();
    expect(first.pushed).toHaveLength(1);
    await first.send('a');
    await first.send('c');
    await settle();
    expect(first.pushed).toHaveLength(2);
  });

  it('takes a client that comes again under another id for a new one', async () => {
    const { first } = await open();
    await first.heartbeat('c1', 'g', {});
    await first.heartbeat('c2', 'g', {});
    await settle();
    expect(await first.consumerIds('g')).toEqual(['c2']);
    expect(first.pushed).toHaveLength(2);
  });

  it('knows a client that connects again once, by its new connection', async () => {
    const { clock, first, second } = await open();
    await first.heartbeat('c1', 'g', {});
    await second.heartbeat('c1', 'g', {});
    expect(await second.consumerIds('g')).toEqual(['c1']);
    second.answer = () => ({ properties: new Map(), subscriptionSet: [], mqTable: new Map() });
    const header = { consumerGroup: 'g', clientId: 'c1', jstackEnable: false };
    void second.call(RequestCode.GET_CONSUMER_RUNNING_INFO, header);
    await settle();
    const calls = ({ pushed }: TestClient) =>
      pushed.filter(({ code }) => code === RequestCode.GET_CONSUMER_RUNNING_INFO).length;
    expect([calls(first), calls(second)]).toEqual([0, 1]);
    await second.call(RequestCode.UNREGISTER_CLIENT, { clientID: 'c1', consumerGroup: 'g' });
    expect(await second.consumerIds('g')).toEqual(['c1']);
    await clock.advance(130_000);
    expect(await second.consumerIds('g')).toBeUndefined();
  });

  describe('with a member whose clock was ahead', () => {
    const subscriptions = {
      TAG: (client: TestClient, tag: string) => client.subscription('t', tag),
      SQL92: (client: TestClient, tag: string) =>
        ({ ...client.subscription('t', '*'), subString: `n = '${tag}'`, expressionType: 'SQL92' }) as const,
    };

    async function openGroup(type: keyof typeof subscriptions) {
      const { engine, first, second } = await open();
      for (const TAGS of ['a', 'b']) await first.send('t', { body: TAGS, properties: { TAGS, n: TAGS } });
      const say = (client: TestClient, clientId: string, tag: string, subVersion: number) =>
        client.heartbeat(clientId, 'g', { t: { ...subscriptions[type](client, tag), subVersion } });
      const selected = async () => {
        const { body } = await second.pull('t', 'g', { sysFlag: 0, subVersion: 1000 });
        return bodies(decodeMessages(body!));
      };
      const leave = () => first.call(RequestCode.UNREGISTER_CLIENT, { clientID: 'c1', consumerGroup: 'g' });
      return { engine, first, second, say, selected, leave };
    }

    it.each([
      ['TAG', 1000],
      ['SQL92', 1000],
      ['TAG', 9000],
    ] as const)(
      'selects by %s what the others want when that one has left, also with version %s',
      async (type, subVersion) => {
        const { first, second, say, selected, leave } = await openGroup(type);
        await say(first, 'c1', 'a', 9000);
        await say(second, 'c2', 'b', subVersion);
        expect(await selected()).toEqual(['a']);
        await leave();
        expect(await selected()).toEqual(['a']);
        await say(second, 'c2', 'b', subVersion);
        expect(await selected()).toEqual(['b']);
      },
    );

    it('selects what that one wants as long as it has another connection', async () => {
      const { engine, first, second, say, selected, leave } = await openGroup('TAG');
      await say(first, 'c1', 'a', 9000);
      await say(await TestClient.open(engine), 'c1', 'a', 9000);
      await leave();
      await say(second, 'c2', 'b', 1001);
      expect(await selected()).toEqual(['a']);
    });
  });

  it('lets a client leave one of its groups', async () => {
    const { first } = await open();
    for (const group of ['g', 'h']) await first.heartbeat('c1', group, {});
    await first.call(RequestCode.UNREGISTER_CLIENT, { clientID: 'c1', consumerGroup: 'g' });
    await first.call(RequestCode.UNREGISTER_CLIENT, { clientID: 'c1', producerGroup: 'h' });
    expect(await first.consumerIds('g')).toBeUndefined();
    expect(await first.consumerIds('h')).toEqual(['c1']);
  });
});
