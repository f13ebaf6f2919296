/** Between the fields of a record, and behind each record (TraceConstants). */
const CONTENT_SEPARATOR = '\u0001';
const FIELD_SEPARATOR = '\u0002';

/** The kind of a message as a trace numbers it (MessageType). */
export const TraceMessageType = {
  NORMAL: 0,
  TRANSACTION_HALF: 1,
  TRANSACTION_COMMIT: 2,
  DELAY: 3,
  ORDER: 4,
} as const;

/** How a listener ended (ConsumeReturnType). */
export const ConsumeReturnType = { SUCCESS: 0, TIME_OUT: 1, EXCEPTION: 2, RETURNNULL: 3, FAILED: 4 } as const;

/** A message was sent. Times are milliseconds (since the epoch). */
export interface PubTrace {
  readonly traceType: 'Pub';
  readonly timestamp: number;
  readonly regionId: string;
  readonly groupName: string;
  readonly topic: string;
  readonly msgId: string;
  readonly tags: string | undefined;
  readonly keys: string | undefined;
  /** `ip:port` of the broker. */
  readonly storeHost: string;
  readonly bodyLength: number;
  readonly costTime: number;
  readonly msgType: number;
  readonly offsetMsgId: string | undefined;
  readonly success: boolean;
}

/** A listener is about to be called. */
export interface SubBeforeTrace {
  readonly traceType: 'SubBefore';
  readonly timestamp: number;
  readonly regionId: string | undefined;
  readonly groupName: string;
  /** The same as in the {@link SubAfterTrace} of the call. */
  readonly requestId: string;
  readonly msgId: string;
  readonly retryTimes: number;
  readonly keys: string | undefined;
}

/** A listener has ended. */
export interface SubAfterTrace {
  readonly traceType: 'SubAfter';
  readonly requestId: string;
  readonly msgId: string;
  /** Of the call, divided by its messages. */
  readonly costTime: number;
  readonly success: boolean;
  readonly keys: string | undefined;
  readonly contextCode: number;
  readonly timestamp: number;
  readonly groupName: string;
}

/** A transaction was ended. */
export interface EndTransactionTrace {
  readonly traceType: 'EndTransaction';
  readonly timestamp: number;
  readonly regionId: string;
  readonly groupName: string;
  readonly topic: string;
  readonly msgId: string;
  readonly tags: string | undefined;
  readonly keys: string | undefined;
  readonly storeHost: string;
  readonly msgType: number;
  readonly transactionId: string;
  readonly transactionState: 'COMMIT_MESSAGE' | 'ROLLBACK_MESSAGE' | 'UNKNOW';
  readonly fromTransactionCheck: boolean;
}

/** What happened to a message (TraceContext). */
export type MessageTrace = PubTrace | SubBeforeTrace | SubAfterTrace | EndTransactionTrace;

type FieldType = 'text' | 'number' | 'boolean';
type Layout<T> = readonly (readonly [field: Exclude<keyof T, 'traceType'>, type: FieldType])[];

const PUB: Layout<PubTrace> = [
  ['timestamp', 'number'],
  ['regionId', 'text'],
  ['groupName', 'text'],
  ['topic', 'text'],
  ['msgId', 'text'],
  ['tags', 'text'],
  ['keys', 'text'],
  ['storeHost', 'text'],
  ['bodyLength', 'number'],
  ['costTime', 'number'],
  ['msgType', 'number'],
  ['offsetMsgId', 'text'],
  ['success', 'boolean'],
];
const SUB_BEFORE: Layout<SubBeforeTrace> = [
  ['timestamp', 'number'],
  ['regionId', 'text'],
  ['groupName', 'text'],
  ['requestId', 'text'],
  ['msgId', 'text'],
  ['retryTimes', 'number'],
  ['keys', 'text'],
];
const SUB_AFTER: Layout<SubAfterTrace> = [
  ['requestId', 'text'],
  ['msgId', 'text'],
  ['costTime', 'number'],
  ['success', 'boolean'],
  ['keys', 'text'],
  ['contextCode', 'number'],
  ['timestamp', 'number'],
  ['groupName', 'text'],
];
const END_TRANSACTION: Layout<EndTransactionTrace> = [
  ['timestamp', 'number'],
  ['regionId', 'text'],
  ['groupName', 'text'],
  ['topic', 'text'],
  ['msgId', 'text'],
  ['tags', 'text'],
  ['keys', 'text'],
  ['storeHost', 'text'],
  ['msgType', 'number'],
  ['transactionId', 'text'],
  ['transactionState', 'text'],
  ['fromTransactionCheck', 'boolean'],
];

/** The fields of a record behind its type, in their order. */
const LAYOUTS = new Map<string, Layout<Record<string, unknown>>>(
  Object.entries({ Pub: PUB, SubBefore: SUB_BEFORE, SubAfter: SUB_AFTER, EndTransaction: END_TRANSACTION }),
);

/** A record in the text form of the trace topic; what is absent is `null` (TraceDataEncoder#encoderFromContextBean). */
export function encodeTrace(trace: MessageTrace): string {
  const fields = trace as unknown as Record<string, string | number | boolean | undefined>;
  const values = LAYOUTS.get(trace.traceType)!.map(([field]) => String(fields[field] ?? null));
  return [trace.traceType, ...values].join(CONTENT_SEPARATOR) + FIELD_SEPARATOR;
}

/**
 * The reverse (TraceDataEncoder#decoderFromTraceDataString). Records of other kinds and damaged ones are left out; before
 * version 4.3 a Pub had no offsetMsgId, and in clouds a SubAfter ends with its code.
 */
export function decodeTraces(text: string): MessageTrace[] {
  return text.split(FIELD_SEPARATOR).flatMap((record) => decodeTrace(record.split(CONTENT_SEPARATOR)) ?? []);
}

function decodeTrace([traceType, ...values]: readonly (string | undefined)[]): MessageTrace | undefined {
  const layout = LAYOUTS.get(traceType!);
  if (layout === undefined) return undefined;
  if (traceType === 'Pub' && values.length === layout.length - 1) values.splice(-1, 0, 'null');
  if (traceType === 'SubAfter') while (values.length < layout.length) values.push('0');
  const fields: Record<string, unknown> = { traceType };
  for (const [i, [field, type]] of layout.entries()) {
    const value = values[i];
    if (value === undefined) return undefined;
    fields[field] = decodeField(value, type);
    if (Number.isNaN(fields[field])) return undefined;
  }
  return fields as unknown as MessageTrace;
}

function decodeField(value: string, type: FieldType): string | number | boolean | undefined {
  if (type === 'number') return Number(value);
  if (type === 'boolean') return value === 'true';
  return value === 'null' ? undefined : value;
}
