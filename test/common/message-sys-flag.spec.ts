import { describe, expect, it } from 'vitest';
import { MessageSysFlag, transactionValue } from '../../lib/common/message-sys-flag.js';
import { loadVectors } from '../support/apache-vectors.js';

interface SysFlagVectors {
  readonly constants: Readonly<Record<string, number>>;
  readonly cases: readonly { readonly flag: number; readonly transactionValue: number }[];
}

const { constants, cases } = loadVectors<{ messageSysFlag: SysFlagVectors }>('java.json').messageSysFlag;
/** Names that are shorter here. */
const OURS: Readonly<Record<string, number>> = {
  COMPRESSED_FLAG: MessageSysFlag.COMPRESSED,
  MULTI_TAGS_FLAG: MessageSysFlag.MULTI_TAGS,
  BORNHOST_V6_FLAG: MessageSysFlag.BORNHOST_V6,
  STOREHOSTADDRESS_V6_FLAG: MessageSysFlag.STOREHOST_V6,
  NEED_UNWRAP_FLAG: MessageSysFlag.NEED_UNWRAP,
  INNER_BATCH_FLAG: MessageSysFlag.INNER_BATCH,
  COMPRESSION_LZ4_TYPE: MessageSysFlag.COMPRESSION_LZ4,
  COMPRESSION_ZSTD_TYPE: MessageSysFlag.COMPRESSION_ZSTD,
  COMPRESSION_ZLIB_TYPE: MessageSysFlag.COMPRESSION_ZLIB,
  COMPRESSION_TYPE_COMPARATOR: MessageSysFlag.COMPRESSION_TYPE_MASK,
  ...MessageSysFlag,
};

describe('MessageSysFlag', () => {
  it.each(Object.entries(constants))('has %s = %i, as in Java', (name, value) => {
    expect(OURS[name]).toBe(value);
  });

  it.each(cases)(
    'takes the transaction type of $flag as Java does',
    ({ flag, transactionValue: expected }) => {
      expect(transactionValue(flag)).toBe(expected);
    },
  );
});
