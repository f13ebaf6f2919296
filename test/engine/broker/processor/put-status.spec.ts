import { describe, expect, it } from 'vitest';
import type { BrokerController } from '../../../../lib/engine/broker/broker-controller.js';
import { refusal, STORED_CODES } from '../../../../lib/engine/broker/processor/put-message-response.js';
import { RequestCode } from '../../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../../lib/remoting/response-code.js';
import { SimulatedDisk } from '../../../support/simulated-file-system.js';
import { TestClient } from '../../../support/test-client.js';
import { startEngine } from '../../../support/test-engine.js';
import { settle, VirtualClock } from '../../../support/virtual-clock.js';

async function open(flushDiskType: 'SYNC_FLUSH' | 'ASYNC_FLUSH' = 'SYNC_FLUSH') {
  const clock = new VirtualClock();
  const disk = new SimulatedDisk({ now: () => clock.now() });
  const engine = await startEngine({
    directory: '/store',
    clock,
    fileSystem: disk.mount(),
    engine: { flushDiskType },
  });
  const client = await TestClient.open(engine);
  return { clock, disk, client };
}

describe('what a sender is told', () => {
  it('when the disk does not flush in time: stored, but not as safe as it should be', async () => {
    const { clock, disk, client } = await open();
    disk.holdsSyncs = true;
    let answer: Awaited<ReturnType<typeof client.send>> | undefined;
    void client.send('t').then((response) => (answer = response));
    await clock.advance(4999);
    expect(answer).toBeUndefined();
    await clock.advance(1);
    expect(answer).toMatchObject({ code: ResponseCode.FLUSH_DISK_TIMEOUT, remark: 'FLUSH_DISK_TIMEOUT' });
    expect(answer!.header).toMatchObject({ queueId: 0, queueOffset: 0 });
    disk.releaseSyncs();
    await settle();
    expect(await client.read('t')).toHaveLength(1);
  });

  it('who does not wait for the flush: that it is stored', async () => {
    const { disk, client } = await open();
    disk.holdsSyncs = true;
    const { code } = await client.send('BenchmarkTest', { properties: { WAIT: 'false' } });
    expect(code).toBe(ResponseCode.SUCCESS);
    disk.releaseSyncs();
  });

  it('when the disk cannot be written: service not available, and why', async () => {
    const { disk, client } = await open();
    await client.send('t');
    disk.faults.push({ operation: 'write', path: /commitlog/, code: 'EIO' });
    const { code, remark } = await client.send('t');
    expect(code).toBe(ResponseCode.SERVICE_NOT_AVAILABLE);
    expect(remark).toContain('service not available now');
    disk.faults.length = 0;
    const later = await client.send('t');
    expect(later.code).toBe(ResponseCode.SERVICE_NOT_AVAILABLE);
    expect(later.remark).toContain('The store is read-only until it is opened again');
    expect(await client.read('t')).toHaveLength(1);
  });

  it('when the disk is full: service not available, until there is room again', async () => {
    const { clock, disk, client } = await open();
    await client.send('t');
    disk.faults.push({ operation: 'write', path: /commitlog/, code: 'ENOSPC' });
    expect((await client.send('t')).code).toBe(ResponseCode.SERVICE_NOT_AVAILABLE);
    disk.faults.length = 0;
    await clock.advance(2000);
    expect((await client.send('t')).code).toBe(ResponseCode.SUCCESS);
    expect(await client.read('t')).toHaveLength(2);
  });

  it('when the next file cannot be created: a system error', async () => {
    const { disk, client } = await open('ASYNC_FLUSH');
    disk.faults.push({ operation: 'create', path: /commitlog/, code: 'EMFILE' });
    const { code, remark } = await client.send('t');
    expect(code).toBe(ResponseCode.SYSTEM_ERROR);
    expect(remark).toContain('create mapped file failed, server is busy or broken.');
  });

  it('of a batch whose flush fails: nothing of it is stored', async () => {
    const { disk, client } = await open();
    disk.faults.push({ operation: 'sync', path: /commitlog/, code: 'EIO' });
    expect((await client.sendBatch('t', [{}, {}])).code).toBe(ResponseCode.SERVICE_NOT_AVAILABLE);
    expect(await client.read('t')).toEqual([]);
  });

  it('who sends a message back while nothing can be stored: the status', async () => {
    const { disk, client } = await open();
    await client.send('t');
    disk.faults.push({ operation: 'write', path: /commitlog/, code: 'EIO' });
    await client.send('t');
    const { code, remark } = await client.call(RequestCode.CONSUMER_SEND_MSG_BACK, {
      offset: 0,
      group: 'g',
      delayLevel: 3,
      originMsgId: '',
      originTopic: 't',
      maxReconsumeTimes: 16,
    });
    expect(code).toBe(ResponseCode.SYSTEM_ERROR);
    expect(remark).toBe('SERVICE_NOT_AVAILABLE');
  });

  it.each([
    ['PUT_OK', ResponseCode.SUCCESS],
    ['FLUSH_DISK_TIMEOUT', ResponseCode.FLUSH_DISK_TIMEOUT],
    ['MESSAGE_ILLEGAL', ResponseCode.MESSAGE_ILLEGAL],
    ['PROPERTIES_SIZE_EXCEEDED', ResponseCode.MESSAGE_ILLEGAL],
    ['SERVICE_NOT_AVAILABLE', ResponseCode.SERVICE_NOT_AVAILABLE],
    ['OS_PAGE_CACHE_BUSY', ResponseCode.SYSTEM_BUSY],
    ['CREATE_MAPPED_FILE_FAILED', ResponseCode.SYSTEM_ERROR],
  ] as const)('of %s: code %i', (status, code) => {
    const broker = { store: {}, storeConfig: { maxMessageSize: 4_194_304 } } as BrokerController;
    expect(STORED_CODES[status] ?? refusal(broker, status).code).toBe(code);
  });
});
