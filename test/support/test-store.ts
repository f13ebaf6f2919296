import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../lib/common/clock.js';
import { systemClock } from '../../lib/common/clock.js';
import type { Logger } from '../../lib/common/logger.js';
import { decodeMessages } from '../../lib/common/message-decoder.js';
import type { MessageExt } from '../../lib/common/message-ext.js';
import { DefaultMessageStore } from '../../lib/engine/store/default-message-store.js';
import type { DispatchRequest } from '../../lib/engine/store/dispatch-request.js';
import type { FileSystem } from '../../lib/common/file-system.js';
import type { GetMessageResult, MessageFilter } from '../../lib/engine/store/get-message-result.js';
import { MAX_RECORD_OVERHEAD, MessageExtEncoder } from '../../lib/engine/store/message-ext-encoder.js';
import type { MessageExtBrokerInner } from '../../lib/engine/store/message-ext-broker-inner.js';
import {
  resolveMessageStoreConfig,
  type MessageStoreConfig,
} from '../../lib/engine/store/message-store-config.js';
import { nodeFileSystem } from '../../lib/common/node-file-system.js';
import type { PutMessageStatus } from '../../lib/engine/store/put-message-status.js';

const HOST = { address: Buffer.from([127, 0, 0, 1]), port: 10911 };

/** Small files, so that a test of a few messages has several of each. */
export const SMALL_FILES: Partial<MessageStoreConfig> = {
  mappedFileSizeCommitLog: 64 * 1024,
  mappedFileSizeConsumeQueue: 100 * 20,
  maxHashSlotNum: 500,
  maxIndexNum: 2000,
  tailCacheSize: 1024 * 1024,
};

/** A directory that is deleted when the test ends. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'rocketmq-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Keeps what was logged, for tests of what must be reported. */
export class RecordingLogger implements Logger {
  readonly lines: string[] = [];
  log = (message: string) => void this.lines.push(`LOG ${message}`);
  warn = (message: string) => void this.lines.push(`WARN ${message}`);
  error = (message: string) => void this.lines.push(`ERROR ${message}`);
}

export interface TestStoreOptions {
  readonly config?: Partial<MessageStoreConfig>;
  readonly clock?: Clock;
  readonly fileSystem?: FileSystem;
  readonly logger?: Logger;
  readonly onArriving?: (records: readonly DispatchRequest[]) => void;
  readonly savedTopics?: () => ReadonlySet<string> | undefined;
}

/** A store on `directory`, opened; the test closes it, or drops it as a crash would. */
export function openStore(directory: string, options: TestStoreOptions = {}): DefaultMessageStore {
  const store = new DefaultMessageStore({
    config: resolveMessageStoreConfig({ ...SMALL_FILES, storePathRootDir: directory, ...options.config }),
    fileSystem: options.fileSystem ?? nodeFileSystem,
    clock: options.clock ?? systemClock,
    logger: options.logger ?? new RecordingLogger(),
    onArriving: options.onArriving ?? (() => {}),
    savedTopics: options.savedTopics,
  });
  store.open();
  return store;
}

/** A message as a broker hands it to the store. */
export function innerMessage(fields: Partial<MessageExtBrokerInner> = {}): MessageExtBrokerInner {
  return {
    topic: 'TopicA',
    queueId: 0,
    flag: 0,
    sysFlag: 0,
    bornTimestamp: 1_700_000_000_000,
    bornHost: HOST,
    storeHost: HOST,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: Buffer.from('hello'),
    properties: new Map(),
    brokerProperties: Buffer.alloc(0),
    ...fields,
  };
}

/** Where and when a record is stored, for {@link encodeRecord}. */
export interface RecordPlace {
  readonly queueOffset?: number;
  readonly commitLogOffset?: number;
  readonly storeTimestamp?: number;
  /** Without the checksum of the whole record. */
  readonly withoutChecksum?: boolean;
}

/** The stored form of a message; throws when it cannot have one. */
export function encodeRecord(message: MessageExtBrokerInner, place: RecordPlace = {}): Buffer {
  const topic = Buffer.from(message.topic, 'latin1');
  const buffer = Buffer.alloc(message.body.length + topic.length + MAX_RECORD_OVERHEAD + 1);
  const encoder = new MessageExtEncoder(buffer, place.withoutChecksum !== true);
  const { queueOffset = 0, commitLogOffset = 0, storeTimestamp = 1_700_000_000_000 } = place;
  const size = encoder.encode(1, message, topic, queueOffset, commitLogOffset, storeTimestamp);
  if (size < 0) throw new RangeError('The properties are too long');
  return buffer.subarray(1, 1 + size);
}

export interface PutOutcome {
  readonly status: PutMessageStatus;
  readonly records: readonly DispatchRequest[];
}

export function put(store: DefaultMessageStore, ...messages: MessageExtBrokerInner[]): Promise<PutOutcome> {
  return new Promise((resolve) => {
    store.putMessages(messages, {
      onPut: (status, records, first, count) =>
        resolve({ status, records: records.slice(first, first + count) }),
    });
  });
}

export function get(
  store: DefaultMessageStore,
  topic: string,
  queueId: number,
  offset: number,
  maxMsgNums = 32,
  filter?: MessageFilter,
): Promise<GetMessageResult> {
  return new Promise((resolve) => store.getMessage(topic, queueId, offset, maxMsgNums, filter, resolve));
}

/** Every message of a queue that can be read, in order. */
export async function readAll(
  store: DefaultMessageStore,
  topic: string,
  queueId: number,
): Promise<MessageExt[]> {
  const messages: MessageExt[] = [];
  let offset = store.getMinOffsetInQueue(topic, queueId);
  while (offset < store.getMaxOffsetInQueue(topic, queueId)) {
    const result = await get(store, topic, queueId, offset);
    messages.push(...decodeMessages(result.messages));
    if (result.nextBeginOffset <= offset)
      throw new Error(`Reading ${topic}/${queueId} is stuck at ${offset}`);
    offset = result.nextBeginOffset;
  }
  return messages;
}
