import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HeaderCodec, HeaderTexts } from '../../../lib/remoting/codec/header-codec.js';
import { decodeFrame } from '../../../lib/remoting/codec/remoting-frame.js';
import { sendMessageHeaderV2, sendMessageTableV2 } from '../../../lib/remoting/codec/send-message-headers.js';
import {
  sendMessageResponse,
  sendMessageResponseTable,
} from '../../../lib/remoting/codec/send-message-response.js';
import { arbitraryExchanges } from '../../support/arbitrary-commands.js';
import { jsonFrame } from '../../support/json-frame.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';

const exchange = arbitraryExchanges.find(({ code }) => code === RequestCode.SEND_MESSAGE)!;
const requestHeaders = exchange.request.map(({ header }) => header as never);
const answerHeaders = exchange.response.map(({ header }) => header as never);
const unitMode = fc.option(fc.boolean(), { nil: undefined });

/** Both ways have to write the same and to read the same, or to complain of the same. */
function expectSame<T>(codec: HeaderCodec<T>, table: HeaderCodec<T>, headers: fc.Arbitrary<T>): void {
  const texts = ({ names, values }: HeaderTexts) => names.map(({ text }, i) => [text, values[i]]);
  fc.assert(
    fc.property(headers, (header) => {
      expect(texts(codec.encode(header))).toEqual(texts(table.encode(header)));
    }),
  );
}

function expectSameRead<T>(codec: HeaderCodec<T>, table: HeaderCodec<T>, names: readonly string[]): void {
  const value = fc.oneof(
    fc.constantFrom('', '0', '7', '-1', 'true', 'FALSE', 'x', '4294967296', 'K\u0001v\u0002'),
    fc.string(),
  );
  const complete = fc.record(Object.fromEntries(names.map((name) => [name, fc.constantFrom('1', 'true')])));
  const changes = fc.dictionary(
    fc.constantFrom(...names, 'other', 'z'),
    fc.option(value, { nil: undefined }),
  );
  fc.assert(
    fc.property(complete, changes, (fields, changed) => {
      const { headerFields } = decodeFrame(
        jsonFrame({ code: 310, extFields: { ...fields, ...changed } }, ''),
      );
      expect(outcome(() => codec.decode(headerFields))).toEqual(outcome(() => table.decode(headerFields)));
    }),
    { numRuns: 500 },
  );
}

function outcome(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return String(error);
  }
}

describe('the header of a send', () => {
  it('is written as the table says', () => {
    const headers = fc.tuple(requestHeaders, unitMode).map(([header, unit]) => {
      return { ...(header as object), unitMode: unit } as never;
    });
    for (const isBatch of [true, false])
      expectSame(sendMessageHeaderV2(isBatch), sendMessageTableV2(isBatch), headers);
  });

  it('is read as the table says, whatever is missing or wrong', () => {
    expectSameRead(sendMessageHeaderV2(false), sendMessageTableV2(false), 'abcdefghijklmn'.split(''));
  });
});

describe('the answer to a send', () => {
  it('is written as the table says', () => {
    const headers = answerHeaders.filter((header) => header !== undefined);
    expectSame(sendMessageResponse, sendMessageResponseTable, headers);
  });

  it('is read as the table says, whatever is missing or wrong', () => {
    const names = [
      'msgId',
      'queueId',
      'queueOffset',
      'transactionId',
      'MSG_REGION',
      'TRACE_ON',
      'recallHandle',
    ];
    expectSameRead(sendMessageResponse, sendMessageResponseTable, names);
  });
});
