import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeAck,
  decodeCheckPoint,
  encodeAck,
  encodeCheckPoint,
  type AckMsg,
  type PopCheckPoint,
} from '../../../../lib/engine/broker/pop/pop-check-point.js';

const POINT: PopCheckPoint = {
  topic: 't',
  consumerGroup: 'g',
  queueId: 3,
  startOffset: 5,
  offsetDiffs: [0, 2],
  bitMap: 0,
  popTime: 1_700_000_000_123,
  invisibleTime: 60_000,
  brokerName: 'broker-a',
};
const ACK: AckMsg = {
  topic: 't',
  consumerGroup: 'g',
  queueId: 3,
  startOffset: 5,
  popTime: 1_700_000_000_123,
  brokerName: 'broker-a',
  ackOffsets: [7],
};

/** What fastjson makes of PopCheckPoint, AckMsg and BatchAckMsg of Apache RocketMQ 5.3.3. */
const VECTORS = {
  point:
    '{"bm":0,"bn":"broker-a","c":"g","d":[0,2],"it":60000,"n":2,"pt":1700000000123,"q":3,' +
    '"reviveTime":1700000060123,"ro":0,"so":5,"t":"t"}',
  ack: '{"ao":7,"bn":"broker-a","c":"g","pt":1700000000123,"q":3,"so":5,"t":"t"}',
  batch: '{"ao":-1,"aol":[5,7],"bn":"broker-a","c":"g","pt":1700000000123,"q":3,"so":5,"t":"t"}',
};

describe('records of pops', () => {
  it('are written as Apache writes them', () => {
    expect(encodeCheckPoint(POINT)).toBe(VECTORS.point);
    expect(encodeAck(ACK, false)).toBe(VECTORS.ack);
    expect(encodeAck({ ...ACK, ackOffsets: [5, 7] }, true)).toBe(VECTORS.batch);
  });

  it('are read', () => {
    expect(decodeCheckPoint(VECTORS.point)).toEqual(POINT);
    expect(decodeAck(VECTORS.ack, false)).toEqual(ACK);
    expect(decodeAck(VECTORS.batch, true)).toEqual({ ...ACK, ackOffsets: [5, 7] });
  });

  it('are read as older brokers wrote them', () => {
    const old = '{"bm":1,"c":"g","it":60000,"n":2,"pt":1,"q":3,"so":5,"t":"t"}';
    expect(decodeCheckPoint(old)).toMatchObject({ offsetDiffs: [0, 1], bitMap: 1, brokerName: '' });
    const ack =
      '{"ackOffset":7,"consumerGroup":"g","popTime":1700000000123,"queueId":3,"startOffset":5,"topic":"t"}';
    expect(decodeAck(ack, false)).toEqual({ ...ACK, brokerName: '' });
  });

  it.each([
    '',
    '[]',
    '{}',
    '{"c":"g","n":33,"t":"t"}',
    '{"c":"g","n":1,"t":"t","so":1.5}',
    '{"c":"g","d":7,"t":"t"}',
  ])('of another form are refused: %s', (text) => {
    expect(() => decodeCheckPoint(text)).toThrow();
  });

  it('are what they were before', () => {
    const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
    const point = fc.record({
      topic: fc.string(),
      consumerGroup: fc.string(),
      queueId: fc.nat(),
      startOffset: count,
      offsetDiffs: fc.array(fc.nat(), { minLength: 1, maxLength: 32 }),
      bitMap: fc.integer(),
      popTime: fc.nat(),
      invisibleTime: fc.nat(),
      brokerName: fc.string(),
    });
    const isKept = (given: PopCheckPoint) => {
      expect(decodeCheckPoint(encodeCheckPoint(given))).toEqual(given);
    };
    fc.assert(fc.property(point, isKept));
  });
});
