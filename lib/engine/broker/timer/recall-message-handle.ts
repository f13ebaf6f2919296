import { MessageConst } from '../../../common/message-const.js';
import type { MessageExtBrokerInner } from '../../store/message-ext-broker-inner.js';

/** What a recall handle says (RecallMessageHandle.HandleV1). */
export interface RecallMessageHandle {
  readonly topic: string;
  readonly brokerName: string;
  /** Text as it stands there; a millisecond after the second in which the message is due. */
  readonly timestamp: string;
  readonly messageId: string;
}

/** Longer ones are not even looked at: topic, broker, time and id are short. */
const MAX_LENGTH = 1024;

/** The handle of a message that was sent to the timer topic (RecallMessageHandle#buildHandle). */
export function recallHandleOf({ properties }: MessageExtBrokerInner, brokerName: string): string {
  const topic = properties.get(MessageConst.REAL_TOPIC)!;
  const timestamp = Number(properties.get(MessageConst.TIMER_OUT_MS)) + 1;
  const id = properties.get(MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX)!;
  const bytes = Buffer.from(`v1 ${topic} ${brokerName} ${timestamp} ${id}`);
  // Java's encoder pads.
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

/** Undefined when it is none of this version. */
export function parseRecallHandle(handle: string): RecallMessageHandle | undefined {
  if (handle.length > MAX_LENGTH || !/^[\w-]+={0,2}$/.test(handle)) return undefined;
  const parts = Buffer.from(handle, 'base64url').toString('utf8').split(' ');
  const [version, topic, brokerName, timestamp, messageId] = parts;
  if (parts.length !== 5 || version !== 'v1' || parts.includes('')) return undefined;
  return { topic: topic!, brokerName: brokerName!, timestamp: timestamp!, messageId: messageId! };
}
