import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../lib/common/clock.js';
import { failure, success } from '../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../lib/remoting/response-code.js';
import type { ConnectionChange } from '../../../lib/remoting/transport/connection-change.js';
import { TcpTransport } from '../../../lib/remoting/transport/tcp-transport.js';
import { invoke } from '../../../lib/remoting/transport/transport.js';
import { eventually } from '../../support/eventually.js';
import { startServer } from '../../support/tcp-server.js';
import { RecordingLogger } from '../../support/test-store.js';

it('a server that goes away is left when it has answered what is under way, and further requests are for who else is there', async () => {
  const { handler, address } = await startServer();
  handler.isSilent = true;
  const changes: ConnectionChange[] = [];
  const logger = new RecordingLogger();
  const transport = new TcpTransport({ clock: systemClock, logger });
  transport.onConnectionChange((change) => changes.push(change));
  onTestFinished(() => transport.close());
  const code = RequestCode.GET_MAX_OFFSET;
  const ask = async (queueId: number) => {
    const asked = invoke(
      transport,
      address,
      { code, header: { topic: 't', queueId }, body: undefined },
      5000,
    );
    await eventually(() => handler.requests.length === queueId);
    return { asked, context: handler.contexts.at(-1)! };
  };
  const answer = async ({ asked, context }: Awaited<ReturnType<typeof ask>>) => {
    context.reply(success({ offset: 7 } as never, undefined as never));
    expect((await asked).header).toMatchObject({ offset: 7 });
  };
  const first = await ask(1);
  const second = await ask(2);
  second.context.reply(failure(ResponseCode.GO_AWAY, 'please go away'));
  expect(await second.asked).toMatchObject({ code: ResponseCode.GO_AWAY });

  const third = await ask(3);
  expect(third.context.channel).not.toBe(second.context.channel);
  expect(handler.closed).toEqual([]);
  for (const request of [first, third]) await answer(request);
  await eventually(() => handler.closed.length === 1);
  expect(handler.closed).toEqual([second.context.channel]);

  const fourth = await ask(4);
  await answer(fourth);
  expect(fourth.context.channel).toBe(third.context.channel);
  expect(changes.map(({ state }) => state)).toEqual(['connected', 'disconnected', 'connected']);
  expect(logger.lines).toEqual(Array(2).fill(`LOG Connected to ${address}`));
});
