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
  private waiting: MessageTrace[] = [];
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
    this.waiting.push(trace);
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

  private flush(): void {
    this.instance.clock.clearTimeout(this.timer);
    this.timer = undefined;
    const traces = this.waiting;
    this.waiting = [];
    if (traces.length === 0) return;
    this.sending += traces.length;
    const send = this.send(traces).finally(() => this.sends.delete(send));
    this.sends.add(send);
  }

  private async send(traces: readonly MessageTrace[]): Promise<void> {
    try {
      await this.producer.sendAsync(this.messageOf(traces));
    } catch (error) {
      this.drop(traces.length, String(error));
    } finally {
      this.sending -= traces.length;
    }
  }

  /** By its keys the records of a message are found. */
  private messageOf(traces: readonly MessageTrace[]): Message {
    const keys = new Set(
      traces.flatMap(({ msgId, keys: own }) => [msgId, ...(own?.split(KEY_SEPARATOR) ?? [])]),
    );
    const message = new Message(this.traceTopic, Buffer.from(traces.map(encodeTrace).join('')));
    message.setKeys([...keys].filter((key) => key !== ''));
    return message;
  }

  private drop(count: number, reason: string): void {
    this.dropped += count;
    this.limited.warn(
      `${this.dropped} records of the message trace (${this.traceTopic}) are lost since the start: ${reason}`,
    );
  }
}
