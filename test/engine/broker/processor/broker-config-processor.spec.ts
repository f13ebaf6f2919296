import { describe, expect, it } from 'vitest';
import type { BrokerData } from '../../../../lib/remoting/body/topic-route-data.js';
import { RequestCode } from '../../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../../lib/remoting/response-code.js';
import { TestClient } from '../../../support/test-client.js';
import { startEngine } from '../../../support/test-engine.js';

async function open(updateBrokerConfigEnable: boolean) {
  const client = await TestClient.open(await startEngine({ engine: { updateBrokerConfigEnable } }));
  const update = (text: string) =>
    client.call(RequestCode.UPDATE_BROKER_CONFIG, undefined, Buffer.from(text));
  const read = () => client.call(RequestCode.GET_BROKER_CONFIG, undefined);
  const lines = async () => (await read()).body!.toString().split('\n');
  const version = async () => JSON.parse((await read()).header!.version) as { counter: number };
  return { update, lines, version };
}

describe('options of a running broker', () => {
  it('cannot be changed from outside unless the application allows it', async () => {
    const { update } = await open(false);
    const { code, remark } = await update('longPollingEnable=false\n');
    expect(code).toBe(ResponseCode.NO_PERMISSION);
    expect(remark).toContain('updateBrokerConfigEnable');
  });

  it('have the port that the broker listens on', async () => {
    const engine = await startEngine({ engine: { listen: { nameServerPort: 0, listenPort: 0 } } });
    const client = await TestClient.open(engine);
    const [{ brokerAddrs }] = (await client.route('broker-a')).body!.brokerDatas as [BrokerData];
    const { body } = await client.call(RequestCode.GET_BROKER_CONFIG, undefined);
    const [, port] = /^listenPort=(\d+)$/m.exec(body!.toString())!;
    expect(brokerAddrs.get(0)).toBe(`127.0.0.1:${port}`);
  });

  it('can be changed otherwise, and have a version', async () => {
    const { update, lines, version } = await open(true);
    const before = await version();
    expect((await lines()).filter((line) => line.endsWith('=undefined'))).toEqual([]);
    const text = '# a comment\nlongPollingEnable=false\nshortPollingTimeMills = 250\n';
    expect((await update(text)).code).toBe(0);
    expect(await lines()).toEqual(
      expect.arrayContaining(['longPollingEnable=false', 'shortPollingTimeMills=250']),
    );
    expect((await version()).counter).toBe(before.counter + 1);
  });

  it('are looked for in lines of any form in one go', async () => {
    const { update } = await open(true);
    const start = performance.now();
    const { remark } = await update(`a${' '.repeat(65_000)}b`);
    // Looked for from each blank, the sign between name and value would take seconds.
    expect(performance.now() - start).toBeLessThan(1000);
    expect(remark).toMatch(/^a {99} cannot be changed/);
  });

  it.each([
    ['storePathRootDir=/', ResponseCode.NO_PERMISSION, 'storePathRootDir cannot be changed'],
    ['__proto__=x', ResponseCode.NO_PERMISSION, '__proto__ cannot be changed'],
    ['updateBrokerConfigEnable=true', ResponseCode.NO_PERMISSION, 'cannot be changed'],
    ['longPollingEnable=maybe', ResponseCode.INVALID_PARAMETER, 'allowed: true or false'],
    ['shortPollingTimeMills=-1', ResponseCode.INVALID_PARAMETER, 'shortPollingTimeMills is "-1"; allowed:'],
    ['shortPollingTimeMills=', ResponseCode.INVALID_PARAMETER, 'shortPollingTimeMills is ""'],
  ])('%s is refused, with everything beside it', async (text, expected, reason) => {
    const { update, lines } = await open(true);
    const before = await lines();
    const { code, remark } = await update(`maxMsgsNumBatch=7\n${text}\n`);
    expect(code).toBe(expected);
    expect(remark).toContain(reason);
    expect(await lines()).toEqual(before);
  });
});
