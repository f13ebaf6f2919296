import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../lib/common/clock.js';
import type { Channel, RequestContext, RequestHandler } from '../../lib/remoting/channel.js';
import { FrameCutter } from '../../lib/remoting/codec/frame-cutter.js';
import { decodeFrame, type RemotingFrame } from '../../lib/remoting/codec/remoting-frame.js';
import { success, type RemotingRequest } from '../../lib/remoting/remoting-command.js';
import { RemotingServer, type RemotingServerOptions } from '../../lib/remoting/server/remoting-server.js';
import { freePort } from './free-port.js';
import { RecordingLogger } from './test-store.js';

/** Answers every request of an offset with its queue id, unless the test does it. */
export class EchoHandler implements RequestHandler {
  readonly requests: RemotingRequest[] = [];
  readonly contexts: RequestContext[] = [];
  readonly closed: Channel[] = [];
  isSilent = false;

  handle(request: RemotingRequest, context: RequestContext): void {
    this.requests.push(request);
    this.contexts.push(context);
    const { queueId } = request.header as { queueId: number };
    if (!this.isSilent) context.reply(success({ offset: queueId } as never, undefined as never));
  }

  onChannelClosed(channel: Channel): void {
    this.closed.push(channel);
  }
}

/** A server until the test ends; another one may take its port when it is closed. */
export async function startServer(given?: number, options: Partial<RemotingServerOptions> = {}) {
  const handler = new EchoHandler();
  const logger = new RecordingLogger();
  const server = new RemotingServer({ handler, clock: systemClock, logger, ...options });
  const port = await server.listen('127.0.0.1', given ?? (await freePort()));
  onTestFinished(() => server.close());
  return { handler, logger, server, port, address: `127.0.0.1:${port}` };
}

/** A socket that shows the frames which arrive. */
export class RawClient {
  readonly frames: RemotingFrame[] = [];
  readonly closed: Promise<void>;

  private constructor(readonly socket: Socket) {
    const cutter = new FrameCutter((...frame) => this.frames.push(decodeFrame(...frame)));
    socket.on('data', (chunk) => cutter.push(chunk));
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1');
    const client = new RawClient(socket);
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    onTestFinished(() => void socket.destroy());
    return client;
  }
}
