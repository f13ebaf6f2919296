import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { MessageStoreConfig } from '../../lib/engine/store/message-store-config.js';
import { temporaryDirectory } from './test-store.js';

/** A single record with the fields that Apache's `MessageDecoder` reads from it. */
export interface RecordVector {
  readonly kind: string;
  readonly store: 'clean' | 'crashed' | 'own';
  readonly hex: string;
  readonly fields: MessageVector & {
    readonly bodyHex: string;
    readonly propertiesHex: string;
    readonly magic: string;
  };
}

export interface MessageVector {
  readonly topic: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly commitLogOffset: number;
  readonly storeSize: number;
  readonly sysFlag: number;
  readonly flag: number;
  readonly bodyCRC: number;
  readonly bodySha1: string;
  readonly bodyLength: number;
  readonly bornTimestamp: number;
  readonly storeTimestamp: number;
  readonly bornHost: string;
  readonly storeHost: string;
  readonly reconsumeTimes: number;
  readonly preparedTransactionOffset: number;
  readonly msgId: string;
  readonly offsetMsgId: string;
  readonly properties: Readonly<Record<string, string>>;
}

export interface RecordVectors {
  readonly records: readonly RecordVector[];
  readonly blanks: readonly { readonly offset: number; readonly size: number; readonly hex: string }[];
  readonly consumeQueueUnits: readonly {
    readonly kind: string;
    readonly topic: string;
    readonly hex: string;
    readonly commitLogOffset: number;
    readonly size: number;
    readonly tagsCode: number;
    readonly tags: string | null;
    readonly storeTimestamp: number;
  }[];
}

/** What Apache's broker says about a store directory that it wrote. */
export interface StoreManifest {
  readonly brokerProperties: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, number>>;
  readonly blanks: readonly { readonly offset: number; readonly hex: string }[];
  readonly commitLog: { readonly minOffset: number; readonly maxOffset: number };
  readonly queues: readonly {
    readonly topic: string;
    readonly queueId: number;
    readonly minOffset: number;
    readonly maxOffset: number;
  }[];
  readonly queryMessage: readonly {
    readonly topic: string;
    readonly key: string;
    readonly maxNum: number;
    readonly begin: number;
    readonly end: number;
    readonly commitLogOffsets: readonly number[];
  }[];
  readonly offsetByTimestamp: readonly {
    readonly topic: string;
    readonly queueId: number;
    readonly timestamp: number;
    readonly lower: number;
    readonly upper: number;
  }[];
  readonly messages: readonly (MessageVector & { readonly tagsCode: number })[];
}

const directory = new URL('../vectors/', import.meta.url);

export function loadVectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, directory), 'utf8')) as T;
}

/** Unpacks a store directory of Apache's broker; deleted when the test ends. */
export function unpackStore(name: 'clean' | 'crashed'): { directory: string; manifest: StoreManifest } {
  const target = temporaryDirectory();
  const archive = fileURLToPath(new URL(`apache-store/${name}.tar.gz`, directory));
  // With a modification time of now, or the store would delete the files as expired.
  execFileSync('tar', ['-xmzf', archive, '-C', target]);
  return { directory: target, manifest: loadVectors(`apache-store/${name}.json`) };
}

/** The sizes with which a store directory was written. */
export function storeConfigOf({ brokerProperties }: StoreManifest): Partial<MessageStoreConfig> {
  const size = (name: string) => Number(brokerProperties[name]);
  return {
    mappedFileSizeCommitLog: size('mappedFileSizeCommitLog'),
    mappedFileSizeConsumeQueue: size('mappedFileSizeConsumeQueue'),
    maxHashSlotNum: size('maxHashSlotNum'),
    maxIndexNum: size('maxIndexNum'),
    enabledAppendPropCRC: brokerProperties['enabledAppendPropCRC'] === 'true',
  };
}
