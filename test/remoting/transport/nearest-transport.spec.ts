import { expect, it } from 'vitest';
import { success } from '../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import type { RequestHandler } from '../../../lib/remoting/channel.js';
import { InProcessTransport } from '../../../lib/remoting/transport/in-process-transport.js';
import { NearestTransport } from '../../../lib/remoting/transport/nearest-transport.js';
import { invoke } from '../../../lib/remoting/transport/transport.js';
import { VirtualClock } from '../../support/virtual-clock.js';

const clock = new VirtualClock();
const remoteHost = { address: Buffer.from([127, 0, 0, 1]), port: 1 };
const question = { code: RequestCode.GET_MAX_OFFSET, header: { topic: 't', queueId: 0 }, body: undefined };

/** A server that answers with `offset`, and asks back. */
function serverOf(offset: number): RequestHandler {
  const header = { consumerGroup: String(offset) };
  return {
    handle(_request, context) {
      context.channel.push({ code: RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, header, body: undefined });
      context.reply(success({ offset }, undefined) as never);
    },
    onChannelClosed: () => {},
  };
}

const reaching = (servers: Record<string, RequestHandler>) =>
  new InProcessTransport(new Map(Object.entries(servers)), clock, remoteHost);

it('goes to a server of this process as soon as there is one, and to all others as before', async () => {
  const far = reaching({ 'a:1': serverOf(1), 'b:1': serverOf(2) });
  const transport = new NearestTransport(far);
  const asked: unknown[] = [];
  transport.onRequest(({ header }) => asked.push(header));
  const offsetAt = async (address: string) =>
    (await invoke(transport, address, question, 1000)).header!.offset;
  expect([await offsetAt('a:1'), await offsetAt('b:1')]).toEqual([1, 2]);
  transport.attach(reaching({ 'a:1': serverOf(3) }));
  expect([await offsetAt('a:1'), await offsetAt('b:1')]).toEqual([3, 2]);
  await clock.advance(0);
  expect(asked).toEqual(['1', '2', '3', '2'].map((consumerGroup) => ({ consumerGroup })));
  transport.close();
  await expect(offsetAt('a:1')).rejects.toThrow('the client is shut down');
  await expect(offsetAt('b:1')).rejects.toThrow('the client is shut down');
});
