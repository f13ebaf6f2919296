import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../lib/common/clock.js';
import { silentLogger } from '../../../lib/common/logger.js';
import { RemotingTimeoutError } from '../../../lib/errors/remoting-timeout.error.js';
import type { Channel } from '../../../lib/remoting/channel.js';
import { success, type RemotingRequest } from '../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { invoke, type RequestListener } from '../../../lib/remoting/transport/transport.js';
import { TcpTransport } from '../../../lib/remoting/transport/tcp-transport.js';
import { onTestFinished } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { startServer } from '../../support/tcp-server.js';

const QUESTION: RemotingRequest<typeof RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT> = {
  code: RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT,
  header: { topic: 't', group: 'g' },
  body: undefined,
};

/** A server, and the channel of a client that answers with a listener. */
async function open(listener?: RequestListener) {
  const { handler, address } = await startServer();
  const transport = new TcpTransport({ clock: systemClock, logger: silentLogger });
  onTestFinished(() => transport.close());
  if (listener !== undefined) transport.onRequest(listener);
  const hello = { code: RequestCode.GET_MAX_OFFSET, header: { topic: 't', queueId: 1 }, body: undefined };
  await invoke(transport, address, hello, 5000);
  return { transport, handler, channel: handler.contexts[0]!.channel };
}

function ask(channel: Channel, timeoutMillis = 5000) {
  return new Promise<unknown>((resolve, reject) =>
    channel.invoke(QUESTION, timeoutMillis, { onResponse: resolve, onError: reject }),
  );
}

describe('a server that asks its client', () => {
  it('knows its language and release', async () => {
    const { channel } = await open();
    expect([channel.language, channel.version]).toEqual(['OTHER', 479]);
  });

  it('gets the answer, and several in any order', async () => {
    const waiting: (() => void)[] = [];
    const { channel } = await open((_request, reply) => {
      const number = waiting.length;
      const messageQueueTable = new Map([[{ topic: 't', brokerName: 'b', queueId: number }, number]]);
      waiting.push(() => reply(success(undefined, { messageQueueTable, consumerTable: new Map() }) as never));
    });
    const answers = [ask(channel), ask(channel)];
    await eventually(() => waiting.length === 2);
    for (const answer of waiting.toReversed()) answer();
    const numbers = (await Promise.all(answers)).map((answer) => {
      const { body } = answer as { body: { messageQueueTable: ReadonlyMap<object, number> } };
      return [...body.messageQueueTable.values()];
    });
    expect(numbers).toEqual([[0], [1]]);
  });

  it('does not wait for ever', async () => {
    const { channel } = await open(() => {});
    await expect(ask(channel, 20)).rejects.toThrow(RemotingTimeoutError);
  });

  it('learns that the client is gone', async () => {
    const { channel, transport } = await open(() => transport.close());
    await expect(ask(channel)).rejects.toThrow('The client closed the connection');
  });

  it('closes the connection of one that answers nonsense, and serves on', async () => {
    const { channel, handler } = await open((_request, reply) =>
      reply({ code: 0, remark: undefined, header: undefined, body: { messageQueueTable: 7 } } as never),
    );
    await expect(ask(channel, 500)).rejects.toThrow();
    expect(handler.closed.length).toBeLessThanOrEqual(1);
  });
});
