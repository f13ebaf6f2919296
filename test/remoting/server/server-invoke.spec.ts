import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../lib/common/clock.js';
import { silentLogger } from '../../../lib/common/logger.js';
import { RemotingTimeoutError } from '../../../lib/errors/remoting-timeout.error.js';
import type { Channel } from '../../../lib/remoting/channel.js';
import { writeFrame } from '../../../lib/remoting/codec/frame-writer.js';
import { encodeRequest } from '../../../lib/remoting/codec/remoting-codec.js';
import { RpcFlag } from '../../../lib/remoting/codec/remoting-frame.js';
import { success, type RemotingRequest } from '../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { invoke, type RequestListener } from '../../../lib/remoting/transport/transport.js';
import { TcpTransport } from '../../../lib/remoting/transport/tcp-transport.js';
import { onTestFinished } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { RawClient, startServer } from '../../support/tcp-server.js';

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

  it('learns of an answer that cannot be read, and stays with the client', async () => {
    const { handler, port } = await startServer();
    const { socket, frames } = await RawClient.open(port);
    const hello = { code: RequestCode.GET_MAX_OFFSET, header: { topic: 't', queueId: 1 }, body: undefined };
    socket.write(encodeRequest(hello, 1, false));
    await eventually(() => frames.length === 1);
    const answer = ask(handler.contexts[0]!.channel);
    await eventually(() => frames.length === 2);
    const start = { code: 0, opaque: frames[1]!.opaque, flag: RpcFlag.RESPONSE, remark: undefined };
    socket.write(writeFrame(start, { names: [], values: [] }, Buffer.from('7'), 'JSON'));
    await expect(answer).rejects.toThrow('The answer to request 221 cannot be read');
    expect(handler.closed).toEqual([]);
  });

  it('closes the connection of one that answers nonsense, and serves on', async () => {
    const { channel, handler } = await open((_request, reply) =>
      reply({ code: 0, remark: undefined, header: undefined, body: { messageQueueTable: 7 } } as never),
    );
    await expect(ask(channel, 500)).rejects.toThrow();
    expect(handler.closed.length).toBeLessThanOrEqual(1);
  });
});
