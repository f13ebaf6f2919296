import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import { decodeMessageId } from '../../lib/common/message-id.js';
import { ConfigManager } from '../../lib/engine/config-manager.js';
import { DefaultMessageStore } from '../../lib/engine/store/default-message-store.js';
import { EmbeddedEngine, type EngineOptions } from '../../lib/engine/index.js';
import { ConfigurationError, StoreLockedError } from '../../lib/errors/index.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import { eventually } from '../support/eventually.js';
import { startInstance } from '../support/test-peers.js';
import { TestClient } from '../support/test-client.js';
import { SimulatedDisk } from '../support/simulated-file-system.js';
import { FAST_STORE, readTable, startEngine, TestEngine } from '../support/test-engine.js';
import { temporaryDirectory } from '../support/test-store.js';
import { VirtualClock } from '../support/virtual-clock.js';

vi.mock('node:dns/promises', () => ({
  lookup: (host: string) =>
    host === 'mq.example' ? Promise.resolve({ address: '10.1.2.3' }) : Promise.reject(new Error('ENOTFOUND')),
}));

const FREE_PORTS = { nameServerPort: 0, listenPort: 0 };

describe('EmbeddedEngine', () => {
  it('has its store in .rocketmq/store of the working directory', () => {
    expect(new EmbeddedEngine().storePathRootDir).toBe(join(process.cwd(), '.rocketmq/store'));
  });

  it.each<[string, unknown, string]>([
    ['port', 1, 'engine.port is not an option; there are: storePathRootDir'],
    ['brokerName', 'a.b', 'engine.brokerName is "a.b"; allowed: letters, digits'],
    ['brokerName', 'x'.repeat(128), 'engine.brokerName is'],
    ['brokerIP1', 'localhost', 'engine.brokerIP1 is "localhost"; allowed: an IPv4 or IPv6 address'],
    ['listenPort', 0, 'engine.listenPort is 0; allowed: an integer from 1 to 65535'],
    ['defaultTopicQueueNums', 0, 'engine.defaultTopicQueueNums is 0'],
    ['regionId', 'a\u0001b', 'engine.regionId is'],
    ['autoCreateTopicEnable', 'yes', 'engine.autoCreateTopicEnable is "yes"; allowed: true or false'],
    ['flushDiskType', 'NEVER', 'engine.flushDiskType is "NEVER"; allowed: SYNC_FLUSH, ASYNC_FLUSH'],
    ['storePathRootDir', ' ', 'engine.storePathRootDir is " "; allowed: a directory'],
  ])('refuses %s = %j, and says what is allowed', (name, value, text) => {
    const create = () => new EmbeddedEngine({ [name]: value } as EngineOptions);
    expect(create).toThrow(ConfigurationError);
    expect(create).toThrow(text);
  });

  it('refuses a listenPort that is not the one of listen', () => {
    const create = (listen: EngineOptions['listen']) => new EmbeddedEngine({ listenPort: 20_911, listen });
    expect(() => create(true)).toThrow(
      new ConfigurationError(
        'engine.listenPort is 20911, but the engine listens on engine.listen.listenPort, which is 10911: ' +
          'set that one, and leave out engine.listenPort',
      ),
    );
    for (const listen of [false, { listenPort: 20_911 }]) expect(() => create(listen)).not.toThrow();
  });

  it('shows its names and address where Apache does', async () => {
    const options = {
      brokerName: 'b1',
      brokerClusterName: 'c1',
      brokerIP1: '::1',
      listenPort: 7,
      regionId: 'r1',
    };
    const client = await TestClient.open(await startEngine({ engine: options }));
    const { header } = await client.send('t', { queueId: 0 });
    expect(header).toMatchObject({ regionId: 'r1' });
    expect(header!.msgId).toBe(`${'0'.repeat(31)}1000000070000000000000000`);
    const [message] = await client.read('t');
    expect(message).toMatchObject({ storeHost: '[0:0:0:0:0:0:0:1]:7' });
    expect(message!.getProperty('MSG_REGION')).toBe('r1');
    expect(message!.getProperty('CLUSTER')).toBe('c1');
    const [broker] = (await client.route('c1')).body!.brokerDatas;
    expect(broker).toMatchObject({ cluster: 'c1', brokerName: 'b1' });
    expect((await client.route('b1')).body!.queueDatas).toHaveLength(1);
  });

  it.each<[string, string, EngineOptions]>([
    ['what its name means when it starts', '10.1.2.3', { listen: { advertisedHost: 'mq.example' } }],
    [
      'brokerIP1 where it is given',
      '10.0.0.7',
      {
        listen: { advertisedHost: 'mq.example' },
        brokerIP1: '10.0.0.7',
      },
    ],
    ['brokerIP1 where nobody knows the name', '127.0.0.1', { listen: { advertisedHost: 'unknown.example' } }],
  ])('has in records and message ids %s', async (_, address, { listen, brokerIP1 }) => {
    const engine = await startEngine({
      engine: { listen: { ...FREE_PORTS, ...(listen as object) }, brokerIP1 },
    });
    const client = await TestClient.open(engine);
    const { header } = await client.send('t');
    expect(decodeMessageId(header!.msgId).storeHost).toMatch(`${address}:`);
    expect((await client.read('t'))[0]!.storeHost).toMatch(`${address}:`);
    expect(engine.logger.lines.some((line) => line.includes('unknown.example cannot be looked up'))).toBe(
      address === '127.0.0.1',
    );
  });

  it('is the only owner of its store, and names the other one', async () => {
    const directory = temporaryDirectory();
    const first = await startEngine({ directory });
    const refused = startEngine({ directory });
    await expect(refused).rejects.toBeInstanceOf(StoreLockedError);
    await expect(startEngine({ directory })).rejects.toThrow(
      /is in use by .*give this engine a directory of its own \(engine.storePathRootDir\)/,
    );
    await first.close();
    await startEngine({ directory });
  });

  it('leaves its directory to the engine that made it anew', async () => {
    const directory = temporaryDirectory();
    const clock = new VirtualClock();
    const first = await startEngine({ directory, clock });
    const client = await TestClient.open(first);
    await client.send('old');
    rmSync(directory, { recursive: true });
    await (await TestClient.open(await startEngine({ directory }))).send('new');
    const topics = readTable(directory, 'topics.json');
    await clock.advance(60_000);
    expect(await client.send('old')).toMatchObject({
      code: ResponseCode.SERVICE_NOT_AVAILABLE,
      remark: expect.stringContaining(`The store ${directory} was deleted or replaced while it was open`),
    });
    await first.close();
    expect(existsSync(join(directory, 'abort'))).toBe(true);
    expect(readTable(directory, 'topics.json')).toBe(topics);
    expect(first.logger.lines.filter((line) => line.startsWith('ERROR'))).toHaveLength(1);
  });

  it('gives its store free although a table cannot be written at its end', async () => {
    const directory = temporaryDirectory();
    const close = vi.spyOn(ConfigManager.prototype, 'close').mockRejectedValueOnce(new Error('no space'));
    onTestFinished(() => close.mockRestore());
    const engine = new EmbeddedEngine({ ...FAST_STORE, storePathRootDir: directory });
    await engine.start();
    await expect(engine.shutdown()).rejects.toThrow('no space');
    await engine.shutdown();
    await startEngine({ directory });
  });

  it('says why it cannot start although a step of the end that follows fails', async () => {
    const disk = new SimulatedDisk({ now: Date.now });
    const create = () => new TestEngine('/store', { fileSystem: disk.mount() });
    const first = create();
    await first.start();
    await first.close();
    disk.faults.push({ operation: 'read', path: /subscriptionGroup\.json/, code: 'EIO' });
    const close = vi.spyOn(DefaultMessageStore.prototype, 'close').mockRejectedValueOnce(new Error('stuck'));
    onTestFinished(() => close.mockRestore());
    const engine = create();
    await expect(engine.start()).rejects.toThrow('subscriptionGroup.json cannot be read');
    expect(engine.logger.lines.join()).toContain('so did a step of the end that followed: Error: stuck');
  });

  it('says which port is taken although its end fails', async () => {
    const nameServerPort = Number(
      (await startEngine({ engine: { listen: FREE_PORTS } })).namesrvAddrs[0]!.split(':')[1],
    );
    const close = vi.spyOn(ConfigManager.prototype, 'close').mockRejectedValueOnce(new Error('no space'));
    onTestFinished(() => close.mockRestore());
    const start = startEngine({ engine: { listen: { ...FREE_PORTS, nameServerPort } } });
    await expect(start).rejects.toThrow(`${nameServerPort}`);
  });

  it('runs beside others in one process', async () => {
    const [a, b] = [await startEngine(), await startEngine()];
    await (await TestClient.open(a)).send('only-a');
    expect(await (await TestClient.open(a)).read('only-a')).toHaveLength(1);
    expect((await (await TestClient.open(b)).route('only-a')).code).not.toBe(0);
  });

  it('tells its clients apart by their hosts', async () => {
    const engine = await startEngine();
    for (const body of ['a', 'b']) await (await TestClient.open(engine)).send('t', { body });
    const hosts = (await (await TestClient.open(engine)).read('t')).map(({ bornHost }) => bornHost);
    expect(new Set(hosts).size).toBe(2);
  });

  it('leaves a clean store behind, also when nothing was sent', async () => {
    const directory = temporaryDirectory();
    const engine = await startEngine({ directory });
    expect(existsSync(join(directory, 'abort'))).toBe(true);
    await engine.close();
    await engine.close();
    expect(existsSync(join(directory, 'abort'))).toBe(false);
    expect(existsSync(join(directory, 'config/topics.json'))).toBe(true);
  });

  it('acknowledges the first message of a topic when topics.json has the topic', async () => {
    const engine = await startEngine();
    const client = await TestClient.open(engine);
    for (let i = 0; i < 20; i++) {
      await client.send(`new-${i}`);
      expect(readTable(engine.directory, 'topics.json')).toContain(`"new-${i}"`);
    }
  });

  it('can be closed without having been started', async () => {
    const engine = new EmbeddedEngine({ storePathRootDir: temporaryDirectory() });
    await engine.shutdown();
  });

  it('names its broker to clients that have no topic yet', async () => {
    const engine = await startEngine();
    const instance = startInstance(engine);
    await instance.sendHeartbeatToAllBrokers();
    const request = { code: RequestCode.GET_MAX_OFFSET, header: { topic: 't', queueId: 0 }, body: undefined };
    expect((await instance.request('broker-a', request)).header!.offset).toBe(0);
  });

  it('acknowledges what clients of other processes send and it stores until its end', async () => {
    const directory = temporaryDirectory();
    const engine = await startEngine({
      directory,
      engine: { flushDiskType: 'SYNC_FLUSH', listen: FREE_PORTS },
    });
    const client = await TestClient.open({
      namesrvAddrs: engine.namesrvAddrs,
      connect: () => new TcpTransport({ clock: systemClock, logger: silentLogger }),
      close: async () => {},
    });
    let acknowledged = 0;
    const keepSending = async () => {
      while ((await client.send('t')).code === ResponseCode.SUCCESS) acknowledged++;
    };
    const senders = Array.from({ length: 64 }, () => keepSending().catch(() => {}));
    await eventually(() => acknowledged > 500);
    await engine.close();
    await Promise.all(senders);
    const successor = await TestClient.open(await startEngine({ directory }));
    expect(await successor.read('t')).toHaveLength(acknowledged);
  });
});
