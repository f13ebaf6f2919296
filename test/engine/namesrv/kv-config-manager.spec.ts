import { describe, expect, it } from 'vitest';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../lib/remoting/response-code.js';
import { TestClient } from '../../support/test-client.js';
import { startEngine } from '../../support/test-engine.js';
import { temporaryDirectory } from '../../support/test-store.js';

const NAMESPACE = 'ORDER_TOPIC_CONFIG';

async function open(directory: string, orderMessageEnable = false) {
  const engine = await startEngine({ directory, engine: { orderMessageEnable } });
  const client = await TestClient.open(engine);
  const put = (key: string, value: string) =>
    client.callNamesrv(RequestCode.PUT_KV_CONFIG, { namespace: NAMESPACE, key, value });
  return { engine, client, put };
}

describe('the keys and values of a name server', () => {
  it('are there again after a restart, and no file is written before there are any', async () => {
    const directory = temporaryDirectory();
    const first = await open(directory);
    await first.engine.close();
    expect(existsSync(join(directory, 'config/kvConfig.json'))).toBe(false);
    const second = await open(directory);
    await second.put('t', 'broker-a:4');
    await second.engine.close();
    const { client } = await open(directory);
    const { header } = await client.callNamesrv(RequestCode.GET_KV_CONFIG, {
      namespace: NAMESPACE,
      key: 't',
    });
    expect(header).toEqual({ value: 'broker-a:4' });
  });

  it.each([true, false])(
    'say where order topics keep their order (orderMessageEnable: %s)',
    async (isEnabled) => {
      const { client, put } = await open(temporaryDirectory(), isEnabled);
      await client.send('t');
      await put('t', 'broker-a:4');
      expect((await client.route('t')).body!.orderTopicConf).toBe(isEnabled ? 'broker-a:4' : undefined);
      expect((await client.call(RequestCode.GET_TOPIC_CONFIG, { topic: 't' })).body!.order).toBe(true);
    },
  );

  it('make order topics of those that exist and of those to come, and take the order of none', async () => {
    const directory = temporaryDirectory();
    const first = await open(directory);
    const isOrder = async (client: TestClient, topic: string) =>
      (await client.call(RequestCode.GET_TOPIC_CONFIG, { topic })).body!.order;
    await first.put('early', 'broker-a:4');
    await first.client.send('early');
    expect(await isOrder(first.client, 'early')).toBe(true);
    await first.put('other', 'broker-a:4');
    await first.client.callNamesrv(RequestCode.DELETE_KV_CONFIG, { namespace: NAMESPACE, key: 'early' });
    expect(await isOrder(first.client, 'early')).toBe(true);
    await first.engine.close();
    const { client } = await open(directory);
    await client.send('other');
    expect(await isOrder(client, 'other')).toBe(true);
  });

  it('have no namespace without keys', async () => {
    const { client, put } = await open(temporaryDirectory());
    await put('t', 'broker-a:4');
    await client.callNamesrv(RequestCode.DELETE_KV_CONFIG, { namespace: NAMESPACE, key: 't' });
    const list = await client.callNamesrv(RequestCode.GET_KVLIST_BY_NAMESPACE, { namespace: NAMESPACE });
    expect(list.code).toBe(ResponseCode.QUERY_NOT_FOUND);
  });

  it('are bounded', async () => {
    const { put } = await open(temporaryDirectory());
    expect((await put('t', 'x'.repeat(10_001))).code).toBe(29);
  });
});
