import type { MessageExt } from '../../common/message-ext.js';
import { ConfigurationError } from '../../errors/configuration.error.js';
import { allocationStrategy } from '../allocate/allocation-strategies.js';
import { BrokerAssignment, type AssignmentOwner } from './broker-assignment.js';
import type { ConsumeMessageConcurrentlyService } from './consume-message-concurrently-service.js';
import { ConsumeMessagePopConcurrentlyService } from './consume-message-pop-concurrently-service.js';
import type { ConsumerConfig } from './consumer-config.js';
import type { ConsumerContext } from './consumer-context.js';
import type { PopProcessQueue } from './pop-process-queue.js';
import { PopRequest, type PopOwner } from './pop-request.js';

/** What brokers can share out by (QueryAssignmentProcessor). */
const BROKER_STRATEGIES: readonly string[] = ['AVG', 'AVG_BY_CIRCLE'];

/** What popping needs of its consumer. */
export type PoppingConsumer = PopOwner & Pick<AssignmentOwner, 'subscribePopRetry' | 'unsubscribePopRetry'>;

/** The part of a consumer that has its queues from the brokers, and pops where they say so. */
export class PopConsumption {
  readonly assignment: BrokerAssignment;
  private readonly service: ConsumeMessagePopConcurrentlyService;

  /** @throws ConfigurationError for a strategy that brokers do not know. */
  constructor(
    private readonly context: ConsumerContext,
    private readonly consumer: PoppingConsumer,
    service: Pick<ConsumeMessageConcurrentlyService, 'call' | 'execute'>,
  ) {
    checkStrategy(context.config);
    this.service = new ConsumeMessagePopConcurrentlyService(context, service);
    this.assignment = new BrokerAssignment(context, {
      onPopAssigned: (queue) => this.begin(queue),
      subscribePopRetry: (topic) => consumer.subscribePopRetry(topic),
      unsubscribePopRetry: (topic) => consumer.unsubscribePopRetry(topic),
    });
  }

  /** Begins no more messages, for good; those that wait are left to others. */
  stop(): void {
    this.service.stop();
  }

  /** Pops no more, and waits until the brokers know what became of the messages; returns those whose listener did not end. */
  async shutdown(): Promise<readonly MessageExt[]> {
    this.assignment.drop();
    await this.service.shutdown();
    return this.service.unfinished();
  }

  /** Whether a message was popped and not pulled. */
  has(message: MessageExt): boolean {
    return this.service.has(message);
  }

  sendBack(message: MessageExt, delayLevel: number): void {
    this.service.sendBack(message, delayLevel);
  }

  private begin(queue: PopProcessQueue): void {
    const { consumeFromWhere, consumerGroup } = this.context.config;
    if (consumeFromWhere === 'CONSUME_FROM_TIMESTAMP') {
      this.context.logger.warn(
        `Group ${consumerGroup} pops, and so begins as with CONSUME_FROM_LAST_OFFSET where it has no offset yet: CONSUME_FROM_TIMESTAMP is for pulling only`,
      );
    }
    new PopRequest(this.context, this.consumer, this.service, queue).popLater(0);
  }
}

function checkStrategy({ allocateMessageQueueStrategy }: ConsumerConfig): void {
  const { name } = allocationStrategy(allocateMessageQueueStrategy);
  if (BROKER_STRATEGIES.includes(name)) return;
  throw new ConfigurationError(
    `consumer.allocateMessageQueueStrategy is ${name}, which brokers do not know; allowed with clientRebalance: false: ` +
      BROKER_STRATEGIES.join(', '),
  );
}
