import { Logger } from '@nestjs/common';
import { describe } from '../common/describe.js';
import { escapedLogger } from '../common/logger.js';
import { createReplyMessage, isRequest, type DefaultMQProducer } from '../client/index.js';
import type { MessageExt } from '../common/message-ext.js';
import type { Message } from '../common/message.js';
import { MQClientError } from '../errors/index.js';
import type { RocketMQConsumerOptions } from '../interfaces/consumer-options.interface.js';
import { emptyReply, noRequest, replyWithoutContent } from '../rocketmq.messages.js';
import { HeaderMapper } from '../template/header-mapper.js';
import { GenericMessage } from '../template/message-builder.js';
import { acceptsReplyError, markAsError } from '../template/reply-error.js';
import { RocketMQHeaders } from '../template/rocketmq-headers.js';
import { sharedRules } from './listener-option-rules.js';
import { ErrorReplied, RocketMQOutcome } from './outcome.js';
import type { ListenerCallContext, ListenerEndpoint } from './listener-endpoint.js';

interface ReplySettings {
  /** Milliseconds that a broker has to take a reply. */
  readonly replyTimeout: number;
  readonly replyErrors: boolean;
  readonly sendsEmpty: boolean;
}

/** Sends what listeners return to who asked for it (DefaultRocketMQListenerContainer#handleMessage). */
export class Replier {
  private readonly logger = escapedLogger(new Logger('RocketMQReply'));
  private readonly headerMapper = new HeaderMapper(this.logger);
  /** Replies on their way. */
  private readonly pending = new Set<Promise<void>>();

  constructor(private readonly producer: DefaultMQProducer) {}

  /** The endpoint, with what it returns being sent. */
  replying(endpoint: ListenerEndpoint, defaults: RocketMQConsumerOptions): ListenerEndpoint {
    const { options } = endpoint;
    const settings = {
      replyTimeout: options.replyTimeout ?? defaults.replyTimeout ?? sharedRules.replyTimeout.default,
      replyErrors: options.replyErrors ?? defaults.replyErrors ?? false,
      sendsEmpty: (options.emptyReply ?? defaults.emptyReply) === 'SEND',
    };
    const invoke: ListenerEndpoint['invoke'] = (payload, message, context) =>
      this.answer(endpoint, settings, payload, message as MessageExt, context);
    return { ...endpoint, invoke };
  }

  /** Waits until the replies on their way have arrived, or failed. */
  async drain(): Promise<void> {
    await Promise.all(this.pending);
  }

  private async answer(
    endpoint: ListenerEndpoint,
    settings: ReplySettings,
    payload: unknown,
    request: MessageExt,
    context: ListenerCallContext,
  ): Promise<RocketMQOutcome | undefined> {
    let reply: Message | undefined;
    let outcome: RocketMQOutcome | undefined;
    try {
      const result = await endpoint.invoke(payload, request, context);
      if (result instanceof RocketMQOutcome) return result;
      if (isRequest(request)) reply = this.replyOf(endpoint, settings, result, request);
      else this.logger.warn(noRequest(endpoint.name, request.msgId, request.topic));
    } catch (error) {
      if (!settings.replyErrors || !isRequest(request) || !acceptsReplyError(request)) throw error;
      this.logger.warn(
        `${endpoint.name} failed on request ${request.msgId}, and says so: ${describe(error)}`,
      );
      reply = errorReply(request, error);
      outcome = ErrorReplied;
    }
    if (reply !== undefined) this.send(endpoint, reply, settings.replyTimeout);
    return outcome;
  }

  private replyOf(
    { name, payloads }: ListenerEndpoint,
    { sendsEmpty }: ReplySettings,
    result: unknown,
    request: MessageExt,
  ): Message {
    const isGeneric = result instanceof GenericMessage;
    const content: unknown = isGeneric ? result.payload : result;
    const isEmpty = content === undefined || content === null;
    if (isEmpty && !sendsEmpty) throw new MQClientError(emptyReply(name));
    const headers: ReadonlyMap<string, unknown> = isGeneric ? result.headers : new Map();
    const asked = headers.get(RocketMQHeaders.CONTENT_TYPE);
    const { body, contentType } = payloads.toBody(content ?? null, asked);
    // RocketMQ has no messages without a body.
    if (body.length === 0) throw new MQClientError(replyWithoutContent(name));
    const reply = createReplyMessage(request, body);
    if (headers.size > 0) this.headerMapper.apply(headers, reply);
    // The header is only what was asked for.
    reply.putProperty(RocketMQHeaders.CONTENT_TYPE, contentType);
    return reply;
  }

  /** Whether it arrives or not, the request was handled: it does not come again. */
  private send({ name }: ListenerEndpoint, reply: Message, timeout: number): void {
    const sent: Promise<void> = this.producer
      .sendAsync(reply, { timeout })
      .then(
        () => {},
        (error: Error) => this.logger.warn(`A reply of ${name} did not arrive: ${error.message}`),
      )
      .finally(() => this.pending.delete(sent));
    this.pending.add(sent);
  }
}

function errorReply(request: MessageExt, error: unknown): Message {
  const name = error instanceof Error ? error.name : 'Error';
  const text = describe(error);
  // The name goes beside it.
  const message = text.startsWith(`${name}: `) ? text.slice(`${name}: `.length) : text;
  const reply = createReplyMessage(request, Buffer.from(message === '' ? name : message));
  markAsError(reply, name);
  return reply;
}
