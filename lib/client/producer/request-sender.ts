import { millisLeft } from '../../common/clock.js';
import { MessageConst } from '../../common/message-const.js';
import type { MessageExt } from '../../common/message-ext.js';
import type { Message } from '../../common/message.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import { RocketMQError } from '../../errors/rocketmq.error.js';
import type { MQClientInstance } from '../mq-client-instance.js';
import type { RequestFuture } from './request-future-table.js';
import type { SendResult } from './send-result.js';

/** Sends a request, and waits for its reply (DefaultMQProducerImpl#request). */
export async function sendRequestMessage(
  instance: MQClientInstance,
  message: Message,
  timeout: number,
  signal: AbortSignal | undefined,
  send: (timeout: number) => Promise<SendResult>,
): Promise<MessageExt> {
  const startedAt = instance.clock.monotonicNow();
  const correlationId = crypto.randomUUID();
  message.putProperty(MessageConst.CORRELATION_ID, correlationId);
  message.putProperty(MessageConst.MESSAGE_REPLY_TO_CLIENT, instance.clientId);
  message.putProperty(MessageConst.MESSAGE_TTL, String(timeout));
  const future = instance.requests.add(correlationId, message.topic, timeout);
  const onAbort = () => future.fail(signal!.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  void sendFor(future, message.topic, signal, async () => {
    await instance.introduce();
    const remaining = millisLeft(timeout, startedAt, instance.clock.monotonicNow());
    return remaining > 0 ? send(remaining) : undefined;
  });
  try {
    return await future.reply;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

async function sendFor(
  future: RequestFuture,
  topic: string,
  signal: AbortSignal | undefined,
  send: () => Promise<SendResult | undefined>,
): Promise<void> {
  try {
    if ((await send()) !== undefined) future.sent();
  } catch (cause) {
    // Then it has failed with the reason of the signal.
    if (signal?.aborted === true) return;
    const { responseCode, retryable } = cause as Partial<RocketMQError>;
    const text = `send request message to <${topic}> fail: ${(cause as Error).message}`;
    future.fail(new MQClientError(text, { cause, responseCode, retryable, topic }));
  }
}
