import { describe, expect, it } from 'vitest';
import { failure, success } from '../../../lib/remoting/remoting-command.js';
import { ResponseCode } from '../../../lib/remoting/response-code.js';
import { ScriptedTransport, routeOf } from '../../support/scripted-transport.js';
import { message, startProducer } from '../../support/test-peers.js';
import { settle, VirtualClock } from '../../support/virtual-clock.js';

const REASON = new Error('the client has gone');

function open() {
  const transport = new ScriptedTransport();
  const cluster = { namesrvAddrs: ['ns:1'], connect: () => transport, close: async () => {} };
  transport.routes.set('t', routeOf(2, 'a', 'b'));
  const producer = startProducer(cluster, { clock: new VirtualClock(), producer: {} });
  return { transport, producer, controller: new AbortController() };
}

describe('the signal of a send', () => {
  it('ends the waiting, and further attempts', async () => {
    const { transport, producer, controller } = open();
    const sent = producer.send(message('t'), { signal: controller.signal });
    await settle();
    controller.abort(REASON);
    await expect(sent).rejects.toBe(REASON);
    transport.calls[0]!.answer(failure(ResponseCode.SYSTEM_BUSY, 'because'));
    await settle();
    expect(transport.calls).toHaveLength(1);
  });

  it('that is one-way ends the waiting for its turn, and it is not sent', async () => {
    const { transport, producer, controller } = open();
    transport.deadNameServers.add('ns:1');
    const sent = producer.sendOneway(message('t'), { signal: controller.signal });
    await settle();
    controller.abort(REASON);
    await expect(sent).rejects.toBe(REASON);
    transport.calls[0]!.answer(success(undefined as never, routeOf(2, 'a') as never));
    await settle();
    expect(transport.oneways).toEqual([]);
  });
});
