import type { Timer } from '../../common/clock.js';
import { LimitedLogger } from '../../common/limited-logger.js';
import { Message } from '../../common/message.js';
import { KEY_SEPARATOR } from '../../common/message-const.js';
import type { MQClientInstance } from '../mq-client-instance.js';
import type { DefaultMQProducer } from '../producer/default-mq-producer.js';
import type { ProducerConfig } from '../producer/producer-config.js';
import { encodeTrace, type MessageTrace } from './trace-data-encoder.js';

/** Records that may wait or be on their way; those above are dropped. */
const QUEUE_SIZE = 2048;
/** Records of one message. */
const BATCH_SIZE = 10;
/** Bytes of the records of one message, but for one that is larger itself: their keys are twice as long at most, and a message has 32,767 for them. */
const BATCH_LENGTH = 15_000;
const MAX_MESSAGE_SIZE = 128_000;
/** Milliseconds. */
const FLUSH_INTERVAL = 5000;
const SEND_TIMEOUT = 5000;
const WARNING_INTERVAL = 60_000;

/** How the producer of a dispatcher sends; it is not traced itself. */
export function traceProducerConfig(group: string, type: 'PRODUCE' | 'CONSUME'): Partial<ProducerConfig> {
  return {
    group: `_INNER_TRACE_PRODUCER-${group.slice(0, 220)}-${type}-0`,
    sendMsgTimeout: SEND_TIMEOUT,
    maxMessageSize: MAX_MESSAGE_SIZE,
  };
}

/**
 * Sends trace records in the background (AsyncTraceDispatcher). It never delays what it traces: when the trace topic cannot
 * keep up, records are dropped, which the log says.
 */
export class AsyncTraceDispatcher {
  private waiting: string[] = [];
  /** By these what waits is found. */
  private readonly keys = new Set<string>();
  private waitingLength = 0;
  private readonly sends = new Set<Promise<void>>();
  private sending = 0;
  private dropped = 0;
  private readonly limited: LimitedLogger;
  private timer: Timer | undefined;
  private isRunning = false;

  constructor(
    private readonly instance: MQClientInstance,
    private readonly producer: DefaultMQProducer,
    readonly traceTopic: string,
  ) {
    this.limited = new LimitedLogger(instance.logger, instance.clock, WARNING_INTERVAL);
  }

  start(): void {
    this.producer.start();
    this.isRunning = true;
  }

  append(trace: MessageTrace): void {
    if (!this.isRunning) return this.drop(1, 'it has ended');
    if (this.waiting.length + this.sending >= QUEUE_SIZE) return this.drop(1, 'too many wait');
    this.add(trace);
    if (this.waiting.length >= BATCH_SIZE) this.flush();
    else this.timer ??= this.instance.clock.setTimeout(() => this.flush(), FLUSH_INTERVAL);
  }

  /** Sends what waits, and waits until it is stored. */
  async shutdown(): Promise<void> {
    if (!this.isRunning) return;
    this.flush();
    this.isRunning = false;
    await Promise.all(this.sends);
    this.producer.shutdown();
  }

  private add(trace: MessageTrace): void {
    const record = encodeTrace(trace);
    const length = Buffer.byteLength(record);
    if (this.waitingLength + length > BATCH_LENGTH) this.flush();
    this.waiting.push(record);
    this.waitingLength += length;
    for (const key of keysOf(trace)) this.keys.add(key);
  }

  private flush(): void {
    this.instance.clock.clearTimeout(this.timer);
    this.timer = undefined;
    const count = this.waiting.length;
    if (count === 0) return;
    const message = new Message(this.traceTopic, Buffer.from(this.waiting.join('')));
    message.setKeys([...this.keys]);
    this.waiting = [];
    this.keys.clear();
    this.waitingLength = 0;
    this.sending += count;
    const send = this.send(message, count).finally(() => this.sends.delete(send));
    this.sends.add(send);
  }

  private async send(message: Message, count: number): Promise<void> {
    try {
      await this.producer.sendAsync(message);
    } catch (error) {
      this.drop(count, String(error));
    } finally {
      this.sending -= count;
    }
  }

  private drop(count: number, reason: string): void {
    this.dropped += count;
    this.limited.warn(
      `${this.dropped} records of the message trace (${this.traceTopic}) are lost since the start: ${reason}`,
    );
  }
}

/** The ids of a batch together, as Java's client has them, and each of them. */
function keysOf({ msgId, keys }: MessageTrace): string[] {
  const own = keys?.split(KEY_SEPARATOR) ?? [];
  return [msgId, ...msgId.split(','), ...own].filter((key) => key !== '');
}
