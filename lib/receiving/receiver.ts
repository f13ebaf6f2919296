import { MQClientError } from '../errors/index.js';
import type { RocketMQMessageType } from '../interfaces/message-listener-options.interface.js';
import type {
  RocketMQPullConsumerOptions,
  RocketMQReceiveOptions,
} from '../interfaces/pull-consumer-options.interface.js';
import { createPayloadReader } from '../template/payload-reader.js';
import { noPullConsumer } from '../rocketmq.messages.js';
import type { PayloadConverter } from '../template/payload-converter.js';
import type { PullConsumer } from './pull-consumer.js';
import type { RocketMQPullConsumers } from './rocketmq-pull-consumers.js';

/** The pull consumer of a template. */
export class Receiver {
  private consumer: PullConsumer | undefined;

  constructor(
    private readonly consumers: RocketMQPullConsumers,
    private readonly options: RocketMQPullConsumerOptions | undefined,
    private readonly payloads: PayloadConverter,
  ) {}

  async start(): Promise<void> {
    if (this.options === undefined) return;
    this.consumer = await this.consumers.create(this.options);
  }

  async receive(type: RocketMQMessageType | undefined, options: RocketMQReceiveOptions): Promise<unknown[]> {
    if (this.consumer === undefined) throw new MQClientError(noPullConsumer());
    const read = await createPayloadReader('receive', { messageType: type }, this.payloads);
    const messages = await this.consumer.poll(options);
    try {
      return await Promise.all(messages.map((message) => read(message)));
    } catch (error) {
      // Nobody has them yet.
      this.consumer.giveBack(messages[0]!);
      throw error;
    }
  }
}
