import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CliProcess } from '../support/cli-process.js';
import { temporaryDirectory } from '../support/test-store.js';

const READY = /^The broker (\S+) is ready: name server (\S+), broker (\S+), store (.+)$/m;
const ANY_PORTS = ['--listen-port', '0', '--name-server-port', '0'];

/** Keys of Apache's conf/broker.conf, and what administrators usually add. */
const APACHE_CONF = `# comment
brokerClusterName = DefaultCluster
brokerName = broker-x
brokerId = 0
deleteWhen = 04
fileReservedTime = 48
brokerRole = ASYNC_MASTER
flushDiskType = ASYNC_FLUSH
haListenPort = 10912
listenPort = 0
`;

async function ready(
  broker: CliProcess,
): Promise<{ namesrvAddr: string; brokerName: string; store: string }> {
  await broker.printed('is ready');
  const [, brokerName, namesrvAddr, , store] = READY.exec(broker.stdout)!;
  return { brokerName: brokerName!, namesrvAddr: namesrvAddr!, store: store! };
}

describe('nestjs-rocketmq broker', () => {
  it('runs a broker for the quickstart programs, and ends cleanly with 0', { timeout: 60_000 }, async () => {
    const cwd = temporaryDirectory();
    const broker = CliProcess.start(['broker', ...ANY_PORTS], cwd);
    const { namesrvAddr, store } = await ready(broker);
    expect(store).toBe(join(cwd, '.rocketmq/store'));
    expect(broker.stdout.trim().split('\n')).toHaveLength(1);

    const list = `${namesrvAddr}; ${namesrvAddr};`;
    const consumer = CliProcess.start(['quickstart', 'consumer'], cwd, { NAMESRV_ADDR: list });
    await consumer.printed('Consumer Started.');
    const producer = CliProcess.start(['quickstart', 'producer', '-n', namesrvAddr, '--count', '20'], cwd);
    expect(await producer.end()).toBe(0);
    expect(producer.stdout.match(/^SendResult \[sendStatus=SEND_OK, msgId=[0-9A-F]{32}, /gm)).toHaveLength(
      20,
    );
    for (let i = 0; i < 20; i++) await consumer.printed(`tags=TagA, body="Hello RocketMQ ${i}"`);
    expect(await consumer.end('SIGINT')).toBe(0);

    expect(existsSync(join(store, 'abort'))).toBe(true);
    expect(await broker.end('SIGTERM')).toBe(0);
    expect(existsSync(join(store, 'abort'))).toBe(false);
  });

  it("reads Apache's file; its store is then ~/store, and flags win", { timeout: 30_000 }, async () => {
    const home = temporaryDirectory();
    mkdirSync(join(home, 'store'));
    writeFileSync(join(home, 'broker.conf'), APACHE_CONF);
    const parameters = [
      'broker',
      '--configFile',
      'broker.conf',
      '--name-server-port=0',
      '--broker-name',
      'broker-y',
    ];
    const broker = CliProcess.start(parameters, home, { HOME: home });
    expect(await ready(broker)).toMatchObject({ brokerName: 'broker-y', store: join(home, 'store') });
    expect(broker.stderr).toContain('WARN haListenPort is not a key of this broker, and has no effect');
    expect(broker.stderr.match(/WARN/g)).toHaveLength(1);
    expect(await broker.end('SIGINT')).toBe(0);
  });

  it('registers where NAMESRV_ADDR says, unless that is this machine or the file says other', async () => {
    const cwd = temporaryDirectory();
    const elsewhere = CliProcess.start(['broker', ...ANY_PORTS], cwd, { NAMESRV_ADDR: 'mq.example:no' });
    expect(await elsewhere.end()).toBe(2);
    expect(elsewhere.stderr).toContain('namesrvAddr is "mq.example:no"; allowed: addresses host:port');
    writeFileSync(join(cwd, 'broker.conf'), 'namesrvAddr=\nstorePathRootDir=s\n');
    for (const [parameters, NAMESRV_ADDR] of [
      [['-c', 'broker.conf'], 'mq.example:no'],
      [[], 'localhost:9876;'],
    ] as const) {
      const broker = CliProcess.start(['broker', ...parameters, ...ANY_PORTS], cwd, { NAMESRV_ADDR });
      expect((await ready(broker)).namesrvAddr).toMatch(/^127\.0\.0\.1:(?!9876$)/);
      expect(await broker.end('SIGTERM')).toBe(0);
    }
  });

  it('ends cleanly with 0 when its terminal is closed', async () => {
    const broker = CliProcess.start(['broker', ...ANY_PORTS], temporaryDirectory());
    const { store } = await ready(broker);
    expect(await broker.end('SIGHUP')).toBe(0);
    expect(existsSync(join(store, 'abort'))).toBe(false);
  });

  it('ends at once at the second signal, with what shells report of it', async () => {
    const broker = CliProcess.start(['broker', ...ANY_PORTS], temporaryDirectory());
    const [host, port] = (await ready(broker)).namesrvAddr.split(':');
    // Who does not leave holds up the end for a second.
    const staying = connect({ host, port: Number(port), allowHalfOpen: true }).resume();
    onTestFinished(() => void staying.destroy());
    staying.on('error', () => {});
    await once(staying, 'connect');
    const ended = broker.end('SIGTERM');
    await once(staying, 'end');
    expect(await broker.end('SIGINT')).toBe(130);
    await ended;
  });

  it('finds a flag whatever the case and the hyphens of its name', async () => {
    const cwd = temporaryDirectory();
    const broker = CliProcess.start(['broker', ...ANY_PORTS, '--store-path-rootdir', 's'], cwd);
    expect((await ready(broker)).store).toBe(join(cwd, 's'));
    const other = CliProcess.start(['broker', '--enable-d-leger-commitlog', 'true'], cwd);
    expect(await other.end()).toBe(2);
    expect(other.stderr).toContain('enableDLegerCommitLog is "true"; allowed: false');
  });

  it('fails with 1 when the store is in use or a port is taken', { timeout: 30_000 }, async () => {
    const cwd = temporaryDirectory();
    const { namesrvAddr } = await ready(CliProcess.start(['broker', ...ANY_PORTS], cwd));
    const second = CliProcess.start(['broker', ...ANY_PORTS], cwd);
    expect(await second.end()).toBe(1);
    expect(second.stderr).toContain(`The store ${cwd}/.rocketmq/store is in use by process`);
    expect(second.stderr).toContain('give this engine a directory of its own (storePathRootDir).');
    const port = namesrvAddr.split(':')[1]!;
    const parameters = [
      'broker',
      '--listen-port',
      '0',
      '--name-server-port',
      port,
      '--store-path-root-dir',
      's',
    ];
    const third = CliProcess.start(parameters, cwd);
    expect(await third.end()).toBe(1);
    expect(third.stderr).toContain(`Cannot listen on 127.0.0.1:${port} (`);
    expect(third.stdout).toBe('');
  });

  it.each([
    [['broker', '--listen-port', 'x'], 'listenPort is "x"; allowed: an integer from 0 to 65535'],
    [['broker', '--broker-role', 'SLAVE'], 'brokerRole is "SLAVE"; allowed: ASYNC_MASTER'],
    [['broker', '--listen-port', '-1'], 'listenPort is "-1"; allowed: an integer from 0 to 65535'],
    [['broker', '-constructor'], '-constructor is not an option'],
    [['quickstart', 'producer', '--count'], '--count needs a value'],
    [['broker', '--store-path-root-dir'], '--store-path-root-dir needs a value'],
    [['broker', '--bind-address', '0.0.0.0'], 'bindAddress is "0.0.0.0", so everyone who can reach'],
    [['broker', '-c', 'nowhere.conf'], 'The configuration file nowhere.conf cannot be read: ENOENT'],
    [['broker', 'now'], '"now" is too much'],
    [['start'], '"start" is not a command; there are: broker, quickstart'],
    [[], 'A command is missing; there are: broker, quickstart'],
    [['-x'], '-x is not an option'],
    [['quickstart'], 'quickstart is producer or consumer'],
    [['quickstart', 'producer', '--count', '0'], '--count is "0"; allowed: an integer from 1 up'],
    [['quickstart', 'consumer', '-n'], 'The name server is ""; allowed: host:port'],
    [['quickstart', 'consumer', '--topic', 't'], '--topic is not an option of quickstart'],
  ])('refuses %j with 2', async (parameters, text) => {
    const cli = CliProcess.start(parameters, temporaryDirectory());
    expect(await cli.end()).toBe(2);
    expect(cli.stderr).toContain(text);
    expect(cli.stdout).toBe('');
  });

  it('quickstart fails with 1 when nobody answers, and says what to do', async () => {
    const cli = CliProcess.start(['quickstart', 'producer', '-n', '127.0.0.1:1'], temporaryDirectory());
    expect(await cli.end()).toBe(1);
    expect(cli.stderr).toContain('start one with nestjs-rocketmq broker, or name another with -n');
  });

  it.each([
    [['--help'], 'quickstart producer|consumer [-n ADDR]'],
    [
      ['broker', '-h'],
      '--store-path-root-dir\n      a directory, without "~", "${", quotes, control characters or a comment, and with a slash behind "C:"; default: ".rocketmq/store"',
    ],
    [['quickstart', '--help'], '--count NUMBER'],
    [['--version'], '0.'],
  ])('answers %j', async (parameters, text) => {
    const cli = CliProcess.start(parameters, temporaryDirectory());
    expect(await cli.end()).toBe(0);
    expect(cli.stdout).toContain(text);
  });
});
