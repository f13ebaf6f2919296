import { describe, expect, it } from 'vitest';
import {
  decodeTraces,
  encodeTrace,
  type MessageTrace,
} from '../../../lib/client/trace/trace-data-encoder.js';

const TRACES: readonly (readonly [MessageTrace, string])[] = [
  [
    {
      traceType: 'Pub',
      timestamp: 1_700_000_000_000,
      regionId: 'DefaultRegion',
      groupName: 'g',
      topic: 't',
      msgId: 'id',
      tags: undefined,
      keys: 'k1 k2',
      storeHost: '127.0.0.1:10911',
      bodyLength: 5,
      costTime: 3,
      msgType: 3,
      offsetMsgId: 'off',
      success: true,
    },
    'Pub|1700000000000|DefaultRegion|g|t|id|null|k1 k2|127.0.0.1:10911|5|3|3|off|true/',
  ],
  [
    {
      traceType: 'SubBefore',
      timestamp: 1,
      regionId: undefined,
      groupName: 'g',
      requestId: 'r',
      msgId: 'id',
      retryTimes: 2,
      keys: undefined,
    },
    'SubBefore|1|null|g|r|id|2|null/',
  ],
  [
    {
      traceType: 'SubAfter',
      requestId: 'r',
      msgId: 'id',
      costTime: 4,
      success: false,
      keys: 'k',
      contextCode: 2,
      timestamp: 9,
      groupName: 'g',
    },
    'SubAfter|r|id|4|false|k|2|9|g/',
  ],
  [
    {
      traceType: 'EndTransaction',
      timestamp: 1,
      regionId: 'R',
      groupName: 'g',
      topic: 't',
      msgId: 'id',
      tags: 'x',
      keys: undefined,
      storeHost: 'h:1',
      msgType: 2,
      transactionId: 'tx',
      transactionState: 'UNKNOW',
      fromTransactionCheck: true,
    },
    'EndTransaction|1|R|g|t|id|x|null|h:1|2|tx|UNKNOW|true/',
  ],
];

const visible = (text: string) => text.replaceAll('\u0001', '|').replaceAll('\u0002', '/');
const hidden = (text: string) => text.replaceAll('|', '\u0001').replaceAll('/', '\u0002');

describe('the records of a trace', () => {
  it.each(TRACES)('have the fields of Apache: %#', (trace, text) => {
    expect(visible(encodeTrace(trace))).toBe(text);
    expect(decodeTraces(hidden(text))).toEqual([trace]);
  });

  it('of older clients are read, and damaged or unknown ones left out', () => {
    const text =
      'Pub|1|R|g|t|id|x|k|h:1|5|3|0|true/What|1/Pub|1|R/SubBefore|x|R|g|r|id|2|k/SubAfter|r|id|4|true|k|0|/';
    expect(decodeTraces(hidden(text))).toMatchObject([
      { traceType: 'Pub', offsetMsgId: undefined, success: true },
      { traceType: 'SubAfter', success: true, contextCode: 0 },
    ]);
  });
});
