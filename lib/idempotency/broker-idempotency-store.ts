import { sleep } from '../common/clock.js';
import { Message } from '../common/message.js';
import type { MessageExt } from '../common/message-ext.js';
import {
  MQAdminImpl,
  selectMessageQueueByHash,
  type DefaultMQProducer,
  type MQClientInstance,
} from '../client/index.js';
import { MQClientError } from '../errors/index.js';
import type {
  RocketMQIdempotencyAnswer,
  RocketMQIdempotencyStore,
} from '../interfaces/idempotency.interface.js';
import { ClientErrorCode } from '../remoting/response-code.js';
import {
  CLAIM_ID,
  IdempotencyRecords,
  type IdempotencyTimes,
  type RecordKind,
} from './idempotency-records.js';

/** Where records are; each has the key as its only key, by which the index of the broker finds it. */
const IDEMPOTENCY_TOPIC = 'NEST_IDEMPOTENCY';
/** Most records that a broker gives at once, the newest. */
const MAX_RECORDS = 64;
/** Milliseconds by which clocks may differ. */
const CLOCK_SKEW = 60_000;
/** Milliseconds between looks for a record of one's own, and in which Apache's broker should have indexed it. */
const LOOK_INTERVAL = 5;
const INDEX_TIMEOUT = 5000;

/**
 * Notes in a topic which messages were handled. Who wants to handle one says so with a record, and looks whether another was first: the queue
 * decides. This needs nothing of the broker that RocketMQ does not have, so it works on any cluster.
 */
export class BrokerIdempotencyStore implements RocketMQIdempotencyStore {
  private readonly questions: MQAdminImpl;

  constructor(
    private readonly instance: MQClientInstance,
    private readonly producer: Pick<DefaultMQProducer, 'send'>,
  ) {
    this.questions = new MQAdminImpl(instance);
  }

  async begin(key: string, times: IdempotencyTimes): Promise<RocketMQIdempotencyAnswer> {
    const now = this.instance.clock.now();
    const before = new IdempotencyRecords(await this.recordsOf(key, times), times).at(now);
    if (before.state !== 'FREE') return before;
    const claimId = await this.write('CLAIM', key);
    const { claim, records } = await this.recordsUpTo(claimId, key, times);
    if (!records.isHeldBy(claimId)) {
      const state = records.at(claim.storeTimestamp);
      return state.state === 'FREE' ? { state: 'IN_PROGRESS', forMillis: 0 } : state;
    }
    return {
      state: 'NEW',
      done: async () => void (await this.write('DONE', key, claimId)),
      release: async () => void (await this.write('RELEASE', key, claimId)),
    };
  }

  /** @returns the id of the record. */
  private async write(kind: RecordKind, key: string, claimId?: string): Promise<string> {
    const record = new Message(IDEMPOTENCY_TOPIC, Buffer.from(kind), kind, key);
    if (claimId !== undefined) record.putProperty(CLAIM_ID, claimId);
    const { msgId } = await this.producer.send(record, { selector: selectMessageQueueByHash, arg: key });
    return msgId;
  }

  /** Apache's broker indexes in the order of its log, and a little later: with the claim everything is there that was before it. */
  private async recordsUpTo(
    claimId: string,
    key: string,
    times: IdempotencyTimes,
  ): Promise<{ claim: MessageExt; records: IdempotencyRecords }> {
    const { clock } = this.instance;
    const deadline = clock.now() + INDEX_TIMEOUT;
    for (;;) {
      const found = await this.recordsOf(key, times);
      const claim = found.find(({ msgId }) => msgId === claimId);
      if (claim !== undefined) {
        const upToClaim = found.filter((record) => !isBehind(record, claim));
        return { claim, records: new IdempotencyRecords(upToClaim, times) };
      }
      if (clock.now() >= deadline)
        throw new MQClientError(
          `The broker does not find record ${claimId} of topic ${IDEMPOTENCY_TOPIC} by its key: is its index off (messageIndexEnable)?`,
          { retryable: true },
        );
      await sleep(clock, LOOK_INTERVAL);
    }
  }

  /** The topic appears with its first record. */
  private async recordsOf(key: string, { ttl, lease }: IdempotencyTimes): Promise<MessageExt[]> {
    const begin = Math.max(0, this.instance.clock.now() - Math.max(ttl, lease) - CLOCK_SKEW);
    const options = { maxNum: MAX_RECORDS, begin, end: Number.MAX_SAFE_INTEGER };
    try {
      return await this.questions.queryMessage(IDEMPOTENCY_TOPIC, key, options);
    } catch (error) {
      if (error instanceof MQClientError && error.responseCode === ClientErrorCode.NOT_FOUND_TOPIC) return [];
      throw error;
    }
  }
}

function isBehind(record: MessageExt, claim: MessageExt): boolean {
  return record.brokerName === claim.brokerName && record.commitLogOffset > claim.commitLogOffset;
}
