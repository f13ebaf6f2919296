import type { Clock } from '../../common/clock.js';
import { describe } from '../../common/describe.js';
import type { MessageExt } from '../../common/message-ext.js';
import type { MessageQueue } from '../../common/message-queue.js';
import type {
  CMResult,
  ConsumeMessageDirectlyResult,
} from '../../remoting/body/consume-message-directly-result.js';

/** What the statuses of listeners are called in the answer; one that is none of them is like Java's null. */
const RESULTS: Readonly<Record<string, CMResult>> = {
  CONSUME_SUCCESS: 'CR_SUCCESS',
  SUCCESS: 'CR_SUCCESS',
  RECONSUME_LATER: 'CR_LATER',
  SUSPEND_CURRENT_QUEUE_A_MOMENT: 'CR_LATER',
};

/** Calls a listener and reports what came of it; nothing is committed or sent back (ConsumeMessageService#consumeMessageDirectly). */
export async function callDirectly(
  clock: Clock,
  order: boolean,
  call: () => string | Promise<string>,
): Promise<ConsumeMessageDirectlyResult> {
  const startedAt = clock.now();
  const result = (consumeResult: CMResult) => {
    return { order, autoCommit: true, consumeResult, spentTimeMills: clock.now() - startedAt };
  };
  try {
    return result(RESULTS[await call()] ?? 'CR_RETURN_NULL');
  } catch (error) {
    return { ...result('CR_THROW_EXCEPTION'), remark: describe(error) };
  }
}

export function queueOfMessage({ topic, brokerName, queueId }: MessageExt): MessageQueue {
  return { topic, brokerName, queueId };
}
