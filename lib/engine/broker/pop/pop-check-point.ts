import type { ExtraInfo } from '../../../common/extra-info.js';
import {
  asInteger,
  asObject,
  asText,
  parseFastjson,
  toFastjson,
  type FastjsonObject,
} from '../../../common/fastjson.js';
import type { AckMessageRequestHeader } from '../../../remoting/header/pop-message-request-header.js';

/** Messages that were popped together from one queue, until when nobody else gets them (PopCheckPoint). */
export interface PopCheckPoint {
  readonly topic: string;
  readonly consumerGroup: string;
  readonly queueId: number;
  readonly startOffset: number;
  /** How far behind `startOffset` each message lies. */
  readonly offsetDiffs: readonly number[];
  /** Bit n: message n is acknowledged. */
  readonly bitMap: number;
  /** Milliseconds since the epoch. */
  readonly popTime: number;
  /** In ms. */
  readonly invisibleTime: number;
  readonly brokerName: string;
}

/** Acknowledges messages of a check point (AckMsg, BatchAckMsg). */
export interface AckMsg {
  readonly topic: string;
  readonly consumerGroup: string;
  readonly queueId: number;
  /** The check point's. */
  readonly startOffset: number;
  readonly popTime: number;
  readonly brokerName: string;
  readonly ackOffsets: readonly number[];
}

/** Acknowledges the message of a request; `info` is what its POP_CK says. */
export function ackOf(header: AckMessageRequestHeader, info: ExtraInfo): AckMsg {
  const { topic, consumerGroup, queueId, offset } = header;
  const { ckQueueOffset: startOffset, popTime, brokerName } = info;
  return { topic, consumerGroup, queueId, startOffset, popTime, brokerName, ackOffsets: [offset] };
}

/** Most messages of a check point: they are bits of an integer. */
export const MAX_CHECK_POINT_NUM = 32;

/**
 * What happened so many ms after now happened before the clock was set back: nobody knows how long ago. The timers, which count whole
 * seconds, have noticed it then.
 */
const MAX_AHEAD = 61_000;

/** Whether a time is one of a clock that was ahead then. */
export const isAhead = (time: number, now: number): boolean => time > now + MAX_AHEAD;

export const reviveTimeOf = ({ popTime, invisibleTime }: PopCheckPoint): number => popTime + invisibleTime;

export const offsetsOf = ({ startOffset, offsetDiffs }: PopCheckPoint): number[] =>
  offsetDiffs.map((diff) => startOffset + diff);

/** The same for a check point and what acknowledges it. */
export function mergeKeyOf(point: PopCheckPoint | AckMsg): string {
  const { topic, consumerGroup, queueId, startOffset, popTime, brokerName } = point;
  return `${topic}@${consumerGroup}@${queueId}@${startOffset}@${popTime}@${brokerName}`;
}

/** The names and their order are those that Apache's broker writes. */
export function encodeCheckPoint(point: PopCheckPoint): string {
  return toFastjson({
    bm: point.bitMap,
    bn: point.brokerName,
    c: point.consumerGroup,
    d: point.offsetDiffs,
    it: point.invisibleTime,
    n: point.offsetDiffs.length,
    pt: point.popTime,
    q: point.queueId,
    reviveTime: reviveTimeOf(point),
    ro: 0,
    so: point.startOffset,
    t: point.topic,
  });
}

/** `isBatch`: in the form for several messages. */
export function encodeAck(ack: AckMsg, isBatch: boolean): string {
  return toFastjson({
    ao: isBatch ? -1 : ack.ackOffsets[0]!,
    aol: isBatch ? ack.ackOffsets : undefined,
    bn: ack.brokerName,
    c: ack.consumerGroup,
    pt: ack.popTime,
    q: ack.queueId,
    so: ack.startOffset,
    t: ack.topic,
  });
}

/** @throws SyntaxError, TypeError when the text is none. */
export function decodeCheckPoint(text: string): PopCheckPoint {
  const fields = asObject(parseFastjson(text));
  const number = (name: string) => asInteger(fields.get(name) ?? 0);
  const diffs = integers(fields, 'd');
  const num = number('n');
  if (num < 0 || num > MAX_CHECK_POINT_NUM || diffs.length > MAX_CHECK_POINT_NUM)
    throw new TypeError(`a check point of ${num} messages, allowed are 0 to ${MAX_CHECK_POINT_NUM}`);
  return {
    ...readHead(fields),
    // Brokers before 4.9 wrote none.
    offsetDiffs: diffs.length > 0 ? diffs.slice(0, num) : Array.from({ length: num }, (_, i) => i),
    bitMap: number('bm') | 0,
    invisibleTime: number('it'),
  };
}

/** @throws SyntaxError, TypeError when the text is none. */
export function decodeAck(text: string, isBatch: boolean): AckMsg {
  const fields = asObject(parseFastjson(text));
  const ackOffsets = isBatch
    ? integers(fields, 'aol', 'ackOffsetList')
    : [asInteger(fields.get('ao') ?? fields.get('ackOffset'))];
  return { ...readHead(fields), ackOffsets };
}

function readHead(fields: FastjsonObject) {
  const field = (name: string, longName: string) => fields.get(name) ?? fields.get(longName);
  const number = (name: string, longName: string) => asInteger(field(name, longName) ?? 0);
  return {
    topic: asText(field('t', 'topic')),
    consumerGroup: asText(field('c', 'consumerGroup')),
    queueId: number('q', 'queueId'),
    startOffset: number('so', 'startOffset'),
    popTime: number('pt', 'popTime'),
    brokerName: asText(field('bn', 'brokerName') ?? ''),
  };
}

function integers(fields: FastjsonObject, ...names: readonly string[]): number[] {
  const list = names.map((name) => fields.get(name)).find((value) => value !== undefined) ?? [];
  if (!Array.isArray(list)) throw new TypeError(`${names[0]} is no list`);
  return list.map(asInteger);
}
