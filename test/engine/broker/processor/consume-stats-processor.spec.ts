import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { RequestCode } from '../../../../lib/remoting/request-code.js';
import { createTopic } from '../../../conformance/admin-client.js';
import { VirtualBroker } from '../../../support/virtual-broker.js';

const QUEUES = 100;

/** A group that is at the end of many queues, after a start: nothing of them is in memory. */
async function open() {
  const broker = await VirtualBroker.open();
  await createTopic(broker.client, 't', { readQueueNums: QUEUES, writeQueueNums: QUEUES });
  await broker.client.heartbeat('c', 'g', { t: '*' });
  for (let queueId = 0; queueId < QUEUES; queueId++) {
    await broker.client.send('t', { queueId });
    const header = { consumerGroup: 'g', topic: 't', queueId, commitOffset: 1 };
    await broker.client.call(RequestCode.UPDATE_CONSUMER_OFFSET, header);
  }
  await broker.restart();
  return broker;
}

/** Counts what is read of the log in each turn of the event loop. */
function readsByTurn({ disk }: VirtualBroker): number[] {
  const turns = [0];
  const check = disk.check.bind(disk);
  vi.spyOn(disk, 'check').mockImplementation((operation, path, ...pages) => {
    if (operation === 'read' && path.includes('/commitlog/')) turns[turns.length - 1]!++;
    check(operation, path, ...pages);
  });
  let isOver = false;
  onTestFinished(() => void (isOver = true));
  const nextTurn = () => {
    turns.push(0);
    if (!isOver) setImmediate(nextTurn);
  };
  setImmediate(nextTurn);
  return turns;
}

describe('an answer about many queues', () => {
  it.each([
    ['GET_CONSUME_STATS', { consumerGroup: 'g' }],
    ['GET_BROKER_CONSUME_STATS', { isOrder: false }],
    ['QUERY_CONSUME_TIME_SPAN', { topic: 't', group: 'g' }],
    ['GET_TOPIC_STATS_INFO', { topic: 't' }],
  ] as const)('%s lets others have their turn', async (name, header) => {
    const broker = await open();
    const reads = readsByTurn(broker);
    const { code } = await broker.client.call(RequestCode[name], header);
    expect(code).toBe(0);
    expect(reads.reduce((sum, inOne) => sum + inOne, 0)).toBeGreaterThanOrEqual(QUEUES);
    expect(Math.max(...reads)).toBeLessThan(QUEUES);
  });
});
