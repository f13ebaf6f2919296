import type { Socket } from 'node:net';
import type { Allocator, BufferPool } from '../../common/buffer-pool.js';
import type { Clock, Timer } from '../../common/clock.js';
import type { LimitedLogger } from '../../common/limited-logger.js';
import { parseSocketHost, type SocketHost } from '../../common/socket-host.js';
import type { RequestAuthenticator } from '../acl/request-authenticator.js';
import type { Channel, RequestContext, RequestHandler } from '../channel.js';
import { FrameCutter } from '../codec/frame-cutter.js';
import { encodeRequest, encodeResponse, understandRequest } from '../codec/remoting-codec.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import { RemotingCodecError } from '../../errors/remoting-codec.error.js';
import {
  decodeFrame,
  isOneway,
  isResponse,
  wantsStandardJson,
  type RemotingFrame,
  type SerializeType,
} from '../codec/remoting-frame.js';
import { failure, type RemotingRequest, type RemotingResponse } from '../remoting-command.js';
import type { RequestCode } from '../request-code.js';
import { ResponseCode } from '../response-code.js';
import { PendingCalls } from '../transport/pending-calls.js';
import { ResponseTable } from '../transport/response-table.js';
import { SocketWriter } from '../transport/socket-writer.js';
import { TcpCall } from '../transport/tcp-call.js';
import type { ResponseCallback } from '../transport/transport.js';
import type { Strangers, UnreadAnswers } from './client-memory.js';

/** Milliseconds without any traffic after which a connection is closed (NettyServerConfig.serverChannelMaxIdleTimeSeconds). */
const MAX_IDLE_TIME = 120_000;
/** Milliseconds that a client may take for a frame at least, and twice as many at most. */
const MAX_FRAME_TIME = 30_000;
/** Bytes that Node reads at most with one call; it makes several in a turn. */
const READ_SIZE = 64 * 1024;
/** Bytes of answers that a client may leave unread before no more of its requests are read, and before it is cut off. */
const HIGH_WATER_MARK = 4 * 1024 * 1024;
const MAX_BACKLOG = 64 * 1024 * 1024;
/** Up to so many they are not counted: more than a socket takes without saying when they are gone. */
const MIN_UNREAD = 128 * 1024;
/** Milliseconds that a client has for its first signed request: as many as for a frame, which may be a long message. */
const MAX_STRANGER_TIME = 30_000;
/** Bytes of a JSON header that objects are made of before a client has signed a request. */
const MAX_STRANGER_HEADER = 64 * 1024;
/** Bytes of an incomplete frame that a client may hold before it has signed a request, whatever others do. */
const MIN_STRANGER_BYTES = 64 * 1024;
/** Milliseconds that a client has at the end for the last answers, and to close its side: none may hold up the end. */
const CLOSE_TIMEOUT = 1000;
/**
 * Bytes of a header of a request, which may be held for a while. The properties of a message, at most 32,767 bytes, have 196,602 when each
 * is an escape of JSON; nothing else that a client says there comes near that.
 */
const MAX_HEADER = 256 * 1024;
/** Requests of one client that may wait for an answer, or to be carried out: pulls, mostly, of which there is one for each queue. */
const MAX_PENDING = 65_536;

export interface ServerConnectionOptions {
  readonly handler: RequestHandler;
  readonly clock: Clock;
  /** Memory for bodies of answers. */
  readonly bodies: BufferPool;
  readonly strangers: Strangers;
  readonly unread: UnreadAnswers;
  /** Of lines about clients that are refused or cut off, who may come again and again. */
  readonly complaints: LimitedLogger;
  /** Undefined: requests are not signed. */
  readonly authenticator?: RequestAuthenticator | undefined;
}

/** One client of a server. */
export class ServerConnection implements Channel {
  readonly remoteHost: SocketHost;
  language = '';
  version = 0;
  /** What counts of the bytes of answers that it left unread. */
  unread = 0;
  private readonly writer: SocketWriter;
  private readonly cutter: FrameCutter;
  private pending = 0;
  /** Runs as long as the client has not signed a request. */
  private strangerTimer: Timer | undefined;
  private heldBytes = 0;
  private isRefused = false;
  /** Runs while a frame is incomplete, and on when it is another one: to begin anew for each would cost more than the frames. */
  private frameTimer: Timer | undefined;
  /** The frame that was incomplete when the timer began to run; 0 when it was not read all the time since. */
  private watchedFrame = 0;
  /** What the client says now is not heard any more. */
  private isEnding = false;
  private closeTimer: Timer | undefined;
  /** What the client was asked and has not answered. */
  private readonly calls = new ResponseTable();
  private readonly asked: PendingCalls;

  constructor(
    private readonly socket: Socket,
    private readonly options: ServerConnectionOptions,
    onClosed: () => void,
  ) {
    // Who comes over IPv4 to a server of all addresses, which is one of IPv6, has an IPv4 address all the same.
    const address = socket.remoteAddress?.replace(/^::ffff:(?=[\d.]+$)/i, '') ?? '0.0.0.0';
    this.remoteHost = parseSocketHost(`${address}:${socket.remotePort ?? 0}`);
    if (options.authenticator !== undefined)
      this.strangerTimer = options.clock.setTimeout(() => socket.destroy(), MAX_STRANGER_TIME);
    this.writer = new SocketWriter(socket);
    this.asked = new PendingCalls(options.clock);
    this.cutter = new FrameCutter((buffer, start, end) => {
      const maxTolerantSize = this.isStranger ? MAX_STRANGER_HEADER : undefined;
      this.onFrame(decodeFrame(buffer, start, end, maxTolerantSize));
    });
    socket.setTimeout(MAX_IDLE_TIME, () => socket.destroy());
    socket.on('data', (chunk) => this.onData(chunk));
    socket.on('drain', () => {
      this.countUnread(0);
      this.resume();
    });
    // Whatever it was, the connection is closed next, and that is told.
    socket.on('error', () => {});
    socket.on('close', () => {
      options.clock.clearTimeout(this.frameTimer);
      options.clock.clearTimeout(this.strangerTimer);
      options.clock.clearTimeout(this.closeTimer);
      this.hold(0);
      this.countUnread(0);
      this.asked.close(clientGone());
      onClosed();
    });
  }

  private get isStranger(): boolean {
    return this.strangerTimer !== undefined;
  }

  /** Whether what it holds counts: where nothing is signed, that of everyone does. */
  private get isCounted(): boolean {
    return this.isStranger || this.options.authenticator === undefined;
  }

  get bodies(): BufferPool {
    return this.options.bodies;
  }

  get isClosed(): boolean {
    return this.socket.destroyed;
  }

  get isWritable(): boolean {
    return this.writer.backlog <= HIGH_WATER_MARK;
  }

  push(request: RemotingRequest): void {
    this.send([encodeRequest(request, this.calls.nextOpaque(), true, 'JSON')]);
  }

  invoke<C extends RequestCode>(
    request: RemotingRequest<C>,
    timeoutMillis: number,
    callback: ResponseCallback<C>,
  ): void {
    if (this.socket.destroyed) return callback.onError(clientGone());
    const { calls } = this;
    const opaque = calls.nextOpaque();
    const frame = encodeRequest(request as RemotingRequest, opaque, false, 'JSON');
    const deadline = this.options.clock.now() + timeoutMillis;
    const waiter = callback as ResponseCallback<never>;
    this.asked.add(new TcpCall(calls, opaque, request.code, waiter, deadline, timeoutMillis));
    this.send([frame]);
  }

  /** Takes no more requests; those under way are answered. */
  pause(): void {
    this.isEnding = true;
    this.stopReading();
  }

  /** Ends the connection when the client has what was written; it was paused before. */
  close(): void {
    const { clock } = this.options;
    // Bytes that nobody has read would make the kernel forget answers that it has not sent yet.
    this.socket.resume();
    clock.setImmediate(() => this.socket.end());
    this.closeTimer ??= clock.setTimeout(() => this.socket.destroy(), CLOSE_TIMEOUT);
  }

  /** What is behind a full chunk waits for the next turn: what came with this one is carried out and answered meanwhile. */
  private onData(chunk: Buffer): void {
    if (this.isEnding) return;
    this.guard(() => this.cutter.push(chunk));
    if (chunk.length < READ_SIZE || this.socket.isPaused()) return;
    this.socket.pause();
    this.options.clock.setImmediate(() => {
      if (this.isWritable) this.resume();
    });
  }

  private onFrame(frame: RemotingFrame): void {
    if (isResponse(frame)) return this.onResponse(frame);
    this.language = frame.language;
    this.version = frame.version;
    const context = this.contextOf(frame);
    this.pending++;
    const excess = this.excessOf(frame);
    if (excess !== undefined) return context.reply(excess);
    const refusal = this.options.authenticator?.refusalOf(frame);
    if (refusal !== undefined) return this.refuse(refusal, context);
    if (this.isStranger) this.becomeKnown();
    const request = understandRequest(frame, context);
    if (request !== undefined) this.options.handler.handle(request, context);
  }

  /** The answer to a request that there is no room for. */
  private excessOf({ headerSize }: RemotingFrame): RemotingResponse | undefined {
    if (headerSize > MAX_HEADER) {
      const remark = `A header of ${headerSize} bytes; allowed: ${MAX_HEADER}`;
      return failure(ResponseCode.SYSTEM_ERROR, remark);
    }
    if (this.pending <= MAX_PENDING) return undefined;
    const remark = `[OVERLOAD]system busy, ${MAX_PENDING} requests of this connection wait for an answer`;
    return failure(ResponseCode.SYSTEM_BUSY, remark);
  }

  private becomeKnown(): void {
    this.options.clock.clearTimeout(this.strangerTimer);
    this.strangerTimer = undefined;
  }

  /** Tells why, and the log only once. */
  private refuse(reason: string, context: RequestContext): void {
    context.reply(failure(ResponseCode.NO_PERMISSION, reason));
    if (this.isRefused) return;
    this.isRefused = true;
    this.complain('Requests', `are refused: ${reason}`);
  }

  /** An answer that comes too late has nobody who waits for it. */
  private onResponse(frame: RemotingFrame): void {
    this.calls.find(frame.opaque)?.answer(frame);
  }

  private contextOf(frame: RemotingFrame): RequestContext {
    return isOneway(frame)
      ? { channel: this, reply: () => void this.pending-- }
      : new ReplyContext(this, frame);
  }

  /** Answers a request. An answer that cannot travel, as it may be longer than a frame, becomes one that says so. */
  reply(to: ReplyContext, response: RemotingResponse): void {
    this.pending--;
    if (this.isClosed) return;
    try {
      this.send(to.encode(response), to.takeOnSent());
    } catch (error) {
      if (!(error instanceof RemotingCodecError)) throw error;
      this.send(to.encode(failure(ResponseCode.SYSTEM_ERROR, error.message)));
    }
  }

  /** A client that reads too slowly is not read from; one that does not read at all is cut off. */
  private send(parts: readonly Buffer[], onSent?: (error?: Error | null) => void): void {
    const last = parts.length - 1;
    for (let i = 0; i < last; i++) this.writer.write(parts[i]!);
    this.writer.write(parts[last]!, onSent);
    const { backlog } = this.writer;
    if (backlog > MIN_UNREAD) this.countUnread(backlog);
    if (backlog <= HIGH_WATER_MARK) return;
    this.stopReading();
    if (backlog > MAX_BACKLOG) this.socket.destroy();
  }

  private stopReading(): void {
    this.cutter.pause();
    this.watchedFrame = 0;
    this.socket.pause();
  }

  private countUnread(backlog: number): void {
    const { unread } = this.options;
    const counted = this.isClosed ? 0 : backlog;
    unread.bytes += counted - this.unread;
    this.unread = counted;
    if (unread.bytes > unread.maxBytes) unread.onExcess();
  }

  /** Makes room for the answers of others. */
  cutOff(): void {
    const { maxBytes } = this.options.unread;
    this.abandon(
      `${this.unread} bytes of answers are unread, and those of all clients more than ${maxBytes}`,
    );
    this.countUnread(0);
  }

  /** Requests that came with those before are carried out first, and may be too much again. */
  private resume(): void {
    if (this.isEnding) return;
    this.guard(() => this.cutter.resume());
    if (this.isWritable) this.socket.resume();
  }

  /** Only this connection suffers from a client that does not keep to the protocol. */
  private guard(work: () => void): void {
    try {
      work();
      if (this.isCounted || this.heldBytes > 0) this.limitStranger();
      if (this.cutter.incomplete > 0 && this.frameTimer === undefined && !this.isClosed) this.watchFrame();
    } catch (error) {
      this.abandon(String(error));
    }
  }

  /** Refuses who takes more memory, not who has some already. */
  private limitStranger(): void {
    const { strangers } = this.options;
    const allowed = Math.max(this.heldBytes, MIN_STRANGER_BYTES);
    this.hold(this.isCounted && !this.isClosed ? this.cutter.incompleteBytes : 0);
    if (this.heldBytes <= allowed || strangers.heldBytes <= strangers.maxBytes) return;
    const { maxBytes } = strangers;
    throw new RemotingCodecError(
      `Incomplete requests of all clients together have more than ${maxBytes} bytes`,
    );
  }

  private hold(bytes: number): void {
    this.options.strangers.heldBytes += bytes - this.heldBytes;
    this.heldBytes = bytes;
  }

  private watchFrame(): void {
    this.watchedFrame = this.socket.isPaused() ? 0 : this.cutter.incomplete;
    this.frameTimer = this.options.clock.setTimeout(() => this.checkFrame(), MAX_FRAME_TIME);
  }

  private checkFrame(): void {
    this.frameTimer = undefined;
    const { incomplete } = this.cutter;
    if (incomplete === 0) return;
    if (incomplete !== this.watchedFrame) return this.watchFrame();
    this.abandon(`a frame was not complete within ${MAX_FRAME_TIME} ms`);
  }

  private abandon(reason: string): void {
    this.complain('The connection', `is closed: ${reason}`);
    this.socket.destroy();
  }

  private complain(what: string, why: string): void {
    const { remoteAddress, remotePort } = this.socket;
    this.options.complaints.warn(`${what} from ${remoteAddress}:${remotePort} ${why}`);
  }
}

/** What an answer takes over from its request. */
class ReplyContext implements RequestContext, Allocator {
  private readonly code: number;
  private readonly opaque: number;
  private readonly serializeType: SerializeType;
  private readonly isStandardJson: boolean;
  private memory: Buffer | undefined;

  constructor(
    readonly channel: ServerConnection,
    frame: RemotingFrame,
  ) {
    this.code = frame.code;
    this.opaque = frame.opaque;
    this.serializeType = frame.serializeType;
    this.isStandardJson = wantsStandardJson(frame);
  }

  get allocator(): Allocator {
    return this;
  }

  allocate(size: number): Buffer {
    return (this.memory = this.channel.bodies.allocate(size));
  }

  reply(response: RemotingResponse): void {
    this.channel.reply(this, response);
  }

  /** What is to be called when the answer was sent; only the first one gives the memory back, or two would get it. */
  takeOnSent(): ((error?: Error | null) => void) | undefined {
    const { memory } = this;
    this.memory = undefined;
    if (memory === undefined) return undefined;
    return (error) => {
      if (!error) this.channel.bodies.release(memory);
    };
  }

  encode(response: RemotingResponse): readonly Buffer[] {
    return encodeResponse(this.code, response, this.opaque, this.serializeType, this.isStandardJson);
  }
}

function clientGone(): MQClientError {
  return new MQClientError('The client closed the connection', { retryable: true });
}
