import { expect, it } from 'vitest';
import { MQClientError } from '../../../../lib/errors/index.js';
import { success } from '../../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../../lib/remoting/request-code.js';
import { outerApiOf } from '../../../support/outer-api.js';
import { routeOf, ScriptedTransport, type ScriptedCall } from '../../../support/scripted-transport.js';
import { RecordingLogger } from '../../../support/test-store.js';
import { SECOND, settle, VirtualClock } from '../../../support/virtual-clock.js';

const noAnswer = new MQClientError('no answer');

function open() {
  const transport = new ScriptedTransport();
  const clock = new VirtualClock();
  const logger = new RecordingLogger();
  const calls: ScriptedCall[] = [];
  transport.respond = (call) => {
    calls.push(call);
    if (call.address === 'good:1') call.answer(success({} as never, undefined as never));
  };
  const api = outerApiOf(['silent:1', 'good:1'], transport, clock, logger);
  const callsTo = (address: string) => calls.filter((call) => call.address === address);
  return { transport, clock, logger, api, callsTo };
}

it('a broker registers with each name server by itself, whatever becomes of the others', async () => {
  const { clock, logger, api, callsTo } = open();
  void api.registerBrokerAll();
  await settle();
  void api.registerBrokerAll();
  await settle();
  expect([callsTo('silent:1').length, callsTo('good:1').length]).toEqual([1, 2]);
  callsTo('silent:1')[0]!.fail(noAnswer);
  await settle();
  // What changed meanwhile.
  expect(callsTo('silent:1')).toHaveLength(2);
  callsTo('silent:1')[1]!.fail(noAnswer);
  await clock.advance(2 * SECOND);
  expect([callsTo('silent:1').length, callsTo('good:1').length]).toEqual([3, 2]);
  await clock.advance(28 * SECOND);
  expect([callsTo('silent:1').length, callsTo('good:1').length]).toEqual([3, 3]);
  callsTo('silent:1')[2]!.answer(success({} as never, undefined as never));
  await settle();
  expect(logger.lines).toEqual([
    expect.stringContaining('Broker b is not registered with name server silent:1: no answer'),
    expect.stringContaining('Broker b is registered with name server silent:1 now'),
  ]);
});

it('a broker that ends unregisters where it is registered, and registers no more', async () => {
  const { clock, api, callsTo } = open();
  const registered = api.registerBrokerAll();
  await settle();
  callsTo('silent:1')[0]!.fail(noAnswer);
  await registered;
  await api.shutdown();
  await clock.advance(60 * SECOND);
  expect(callsTo('silent:1')).toHaveLength(1);
  expect(callsTo('good:1').map(({ request }) => request.code)).toEqual([
    RequestCode.REGISTER_BROKER,
    RequestCode.UNREGISTER_BROKER,
  ]);
  expect(clock.hasTimers).toBe(false);
});

it('a broker knows the route of a topic while no name server answers, until it has deleted the topic', async () => {
  const { transport, api } = open();
  transport.routes.set('t', routeOf(1, 'b'));
  expect(await api.topicRouteOf('t')).toEqual(routeOf(1, 'b'));
  for (const address of ['silent:1', 'good:1']) transport.deadNameServers.add(address);
  transport.respond = (call) => call.fail(noAnswer);
  expect(await api.topicRouteOf('t')).toEqual(routeOf(1, 'b'));
  api.forgetRoute('t');
  expect(await api.topicRouteOf('t')).toBeUndefined();
});
