import { Message } from '../../lib/common/message.js';
import {
  DefaultMQPushConsumer,
  type ConsumerConfig,
  type DefaultMQProducer,
  type MQClientInstance,
} from '../../lib/client/index.js';

const BODY = Buffer.alloc(1024, '0');
const DIGITS = 10;

/** Sends 1 KiB messages with numbers in them, and notices when the listener is called with each. */
export class NumberedMessages {
  private readonly waiting: ((() => void) | undefined)[] = [];
  private readonly consumer: DefaultMQPushConsumer;
  /** Messages that were refused; their `done` is not called. */
  refused = 0;

  constructor(
    instance: MQClientInstance,
    private readonly producer: DefaultMQProducer,
    private readonly topic: string,
    config: Partial<ConsumerConfig> = {},
  ) {
    this.consumer = new DefaultMQPushConsumer(
      instance,
      { consumerGroup: 'bench', ...config },
      {
        concurrently: ([message]) => {
          this.onMessage(Number(message!.body.toString('latin1', 0, DIGITS)));
          return 'CONSUME_SUCCESS';
        },
      },
    );
  }

  async start(): Promise<void> {
    await this.producer.send(new Message(this.topic, BODY));
    this.consumer.subscribe(this.topic);
    await this.consumer.start();
  }

  /** `done` is called when the listener is. */
  readonly send = (number: number, done: () => void): void => {
    const body = Buffer.from(BODY);
    body.write(String(number).padStart(DIGITS, '0'), 'latin1');
    this.waiting[number] = done;
    this.producer.send(new Message(this.topic, body)).catch(() => this.refused++);
  };

  async close(): Promise<void> {
    await this.consumer.shutdown();
  }

  private onMessage(number: number): void {
    const done = this.waiting[number];
    this.waiting[number] = undefined;
    done?.();
  }
}
