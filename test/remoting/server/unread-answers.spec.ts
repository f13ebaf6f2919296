import { expect, it } from 'vitest';
import type { RequestContext } from '../../../lib/remoting/channel.js';
import { encodeRequest } from '../../../lib/remoting/codec/remoting-codec.js';
import { success } from '../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { eventually } from '../../support/eventually.js';
import { RawClient, startServer } from '../../support/tcp-server.js';

const MIB = 2 ** 20;
const ASKED = 100;

const view = (opaque: number) =>
  encodeRequest(
    { code: RequestCode.VIEW_MESSAGE_BY_ID, header: { offset: opaque }, body: undefined },
    opaque,
    false,
  );

const body = Buffer.alloc(MIB);
const answer = (context: RequestContext) => context.reply(success(undefined as never, body as never));
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** A server that keeps 16 MiB for its clients, and clients that read nothing, each with what it asked. */
async function slowClients() {
  const { port, server, handler, logger } = await startServer(undefined, { maxUnreadBytes: 16 * MIB });
  const { unread } = server as unknown as { unread: { bytes: number } };
  handler.isSilent = true;
  const ask = async () => {
    const client = await RawClient.open(port);
    client.socket.pause();
    client.socket.write(Buffer.concat(Array.from({ length: ASKED }, (_, i) => view(i))));
    await eventually(() => handler.contexts.length === ASKED);
    return { client, contexts: handler.contexts.splice(0) };
  };
  return { ask, handler, logger, unread };
}

async function answerUntil(contexts: readonly RequestContext[], isEnough: () => boolean) {
  for (let i = 0; !isEnough() && i < ASKED; i++) {
    answer(contexts[i]!);
    await nextTurn();
  }
}

it('of all clients are bounded: who leaves most of them unread is cut off', async () => {
  const { ask, handler, logger, unread } = await slowClients();
  const [slow, slower] = [await ask(), await ask()];
  let answered = 0;
  // A system takes a few MiB of each connection.
  while (handler.closed.length === 0 && answered < ASKED / 2) {
    answer(slow.contexts[answered]!);
    for (const i of [2 * answered, 2 * answered + 1]) answer(slower.contexts[i]!);
    answered++;
    await nextTurn();
  }
  expect(handler.closed).toEqual([slower.contexts[0]!.channel]);
  expect(logger.lines).toEqual([
    expect.stringMatching(/is closed: \d+ bytes of answers are unread, and .* more than 16777216$/),
  ]);
  slow.client.socket.resume();
  await eventually(() => slow.client.frames.length === answered);
  await eventually(() => unread.bytes === 0);
});

it('count no more when their client has gone', async () => {
  const { ask, unread } = await slowClients();
  const { client, contexts } = await ask();
  await answerUntil(contexts, () => unread.bytes > 4 * MIB);
  client.socket.destroy();
  await eventually(() => unread.bytes === 0);
});

it('are told of: their client takes nothing more until it has read them', async () => {
  const { ask } = await slowClients();
  const { client, contexts } = await ask();
  const { channel } = contexts[0]!;
  expect(channel.isWritable).toBe(true);
  await answerUntil(contexts, () => !channel.isWritable);
  expect([channel.isWritable, channel.isClosed]).toEqual([false, false]);
  client.socket.resume();
  await eventually(() => channel.isWritable);
});
