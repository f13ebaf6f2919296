import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMessageId, decodeMessageId } from '../../lib/common/message-id.js';
import { hostDigits, parseSocketHost } from '../../lib/common/socket-host.js';
import { loadVectors } from '../support/apache-vectors.js';

const { messageIds } = loadVectors<{
  messageIds: { ip: string; port: number; offset: string; id: string }[];
}>('java.json');
const safe = messageIds.filter(({ offset }) => Number.isSafeInteger(Number(offset)));

describe('message ids', () => {
  it.each(safe)('of $ip:$port and offset $offset are those of Java', ({ ip, port, offset, id }) => {
    expect(createMessageId(hostDigits(parseSocketHost(`[${ip}]:${port}`)), Number(offset))).toBe(id);
    expect(decodeMessageId(id).commitLogOffset).toBe(Number(offset));
  });

  it('are read back, in both cases of the hex digits', () => {
    const host = fc.record({
      address: fc.oneof(
        fc.uint8Array({ minLength: 4, maxLength: 4 }),
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
      ),
      port: fc.integer({ min: 0, max: 65535 }),
    });
    fc.assert(
      fc.property(host, fc.maxSafeNat(), ({ address, port }, offset) => {
        const id = createMessageId(hostDigits({ address: Buffer.from(address), port }), offset);
        const decoded = decodeMessageId(id.toLowerCase());
        expect(decoded.commitLogOffset).toBe(offset);
        expect(parseSocketHost(decoded.storeHost)).toEqual({ address: Buffer.from(address), port });
      }),
    );
  });

  it('of any other text, or with an offset that no number holds, are refused with a RangeError', () => {
    const unsafe = messageIds.find(({ offset }) => !Number.isSafeInteger(Number(offset)))!.id;
    for (const id of ['', 'zz', '7F00', `${safe[0]!.id}00`, safe[0]!.id.replace('7', 'g'), unsafe]) {
      expect(() => decodeMessageId(id)).toThrow(RangeError);
    }
  });
});
