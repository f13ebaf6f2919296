import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { brokerOptions, flagOf } from '../../lib/cli/broker-keys.js';
import { parseCommandLine } from '../../lib/cli/command-line.js';
import { parseProperties } from '../../lib/cli/properties.js';
import { UsageError } from '../../lib/cli/usage-error.js';

const optionsOf = (values: Record<string, string>) => brokerOptions(new Map(Object.entries(values)));

describe('brokerOptions', () => {
  it('takes what Apache takes, by the same names', () => {
    const { engine, warnings } = optionsOf({
      brokerClusterName: 'c',
      brokerName: 'b',
      brokerId: '0',
      brokerRole: 'ASYNC_MASTER',
      brokerPermission: '6',
      listenPort: '20911',
      bindAddress: '127.0.0.2',
      brokerIP1: '10.0.0.1',
      namesrvAddr: 'a:9876;b:9876',
      storePathRootDir: '/data/store',
      storePathCommitLog: '/data/store/commitlog/',
      flushDiskType: 'ASYNC_FLUSH',
      deleteWhen: '04;05',
      fileReservedTime: ' 48 ',
      autoCreateTopicEnable: 'FALSE',
    });
    expect(engine).toEqual({
      brokerClusterName: 'c',
      brokerName: 'b',
      brokerIP1: '10.0.0.1',
      listen: { listenPort: 20_911, host: '127.0.0.2', advertisedHost: '10.0.0.1' },
      namesrvAddr: 'a:9876;b:9876',
      storePathRootDir: '/data/store',
      flushDiskType: 'ASYNC_FLUSH',
      deleteWhen: '04;05',
      fileReservedTime: 48,
      autoCreateTopicEnable: false,
    });
    expect(warnings).toEqual([]);
  });

  it('takes lists with a separator at their end, and a namesrvAddr that is empty for none', () => {
    const lists = { namesrvAddr: 'a:9876;b:9876; ;', deleteWhen: '04;' };
    expect(optionsOf(lists).engine).toMatchObject({ namesrvAddr: 'a:9876;b:9876', deleteWhen: '04' });
    expect(optionsOf({ namesrvAddr: ' ' }).engine.namesrvAddr).toBe(undefined);
  });

  it('warns of keys that have no effect', () => {
    expect(optionsOf({ haListenPort: '10912', enableCalcFilterBitMap: 'true' }).warnings).toEqual([
      'haListenPort is not a key of this broker, and has no effect',
      'enableCalcFilterBitMap is not a key of this broker, and has no effect',
    ]);
  });

  it('takes what docs/migration.md leaves of the file of a production broker', () => {
    const text = readFileSync(new URL('../../docs/migration.md', import.meta.url), 'utf8');
    const removed = new RegExp(/sed -E -i '\/(.+)\/d' broker\.conf/.exec(text)![1]!);
    const lines = [
      'brokerName=broker-a',
      ' namesrvAddr = 10.0.0.1:9876',
      'brokerIP1=10.0.0.7',
      'bindAddress=0.0.0.0',
      'brokerId=1',
      'brokerRole=SYNC_MASTER',
      'aclEnable=true',
      'authenticationEnabled=true',
      'authorizationEnabled=true',
      ...['RootDir', 'CommitLog', 'ConsumeQueue', 'Index'].map((name) => `storePath${name}=/data/${name}`),
    ];
    const kept = lines.filter((line) => !removed.test(line)).join('\n');
    const values = parseProperties(Buffer.from(kept));
    const { engine, warnings } = brokerOptions(values.set('storePathRootDir', './store'));
    expect(engine).toEqual({ brokerName: 'broker-a', storePathRootDir: './store', listen: {} });
    expect(warnings).toEqual([]);
  });

  it('knows the directories of the store where none is named', () => {
    expect(() => optionsOf({ storePathCommitLog: '.rocketmq/store/commitlog' })).not.toThrow();
    expect(() => optionsOf({ storePathCommitLog: './commitlog' })).toThrow(
      '/.rocketmq/store/commitlog. A store',
    );
  });

  it.each([
    [{ listenPort: 'x' }, 'listenPort is "x"; allowed: an integer from 0 to 65535'],
    [{ listenPort: '65536' }, 'listenPort is "65536"; allowed: an integer from 0 to 65535'],
    [{ listenPort: '1e3' }, 'listenPort is "1e3"; allowed'],
    [{ fileReservedTime: '' }, 'fileReservedTime is ""; allowed: an integer'],
    [{ autoCreateTopicEnable: 'yes' }, 'autoCreateTopicEnable is "yes"; allowed: true or false'],
    [{ flushDiskType: 'NEVER' }, 'flushDiskType is "NEVER"; allowed: SYNC_FLUSH, ASYNC_FLUSH'],
    [{ storePathRootDir: ' ' }, 'storePathRootDir is ""; allowed: a directory'],
    [{ storePathRootDir: ' ~/store' }, 'storePathRootDir is "~/store"; allowed: a directory, without "~"'],
    [{ storePathRootDir: '/store # main' }, 'storePathRootDir is "/store # main"; allowed: a directory'],
    [{ brokerRole: 'SLAVE' }, 'brokerRole is "SLAVE"; allowed: ASYNC_MASTER. This broker has nothing else'],
    [{ timerRocksDBEnable: 'true' }, 'timerRocksDBEnable is "true"; allowed: false'],
    [{ messageStorePlugIn: 'x.Tiered' }, 'messageStorePlugIn is "x.Tiered"; allowed: no value'],
    [{ brokerRole: 'SYNC_MASTER' }, 'brokerRole is "SYNC_MASTER"; allowed: ASYNC_MASTER'],
    [{ brokerId: '1' }, 'brokerId is "1"; allowed: 0'],
    [
      { bindAddress: '10.0.0.7' },
      'bindAddress is "10.0.0.7", so everyone who can reach this machine could read and write all messages. This command has ' +
        'neither TLS nor users: use a loopback address, set allowInsecure=true if a firewall protects it, or run the engine in an ' +
        'application (engine.listen.tls, engine.listen.users)',
    ],
    [{ authenticationEnabled: 'true' }, 'authenticationEnabled is "true"; allowed: false'],
    [
      { storePathRootDir: '/a', storePathCommitLog: '/b' },
      'storePathCommitLog is "/b"; allowed: /a/commitlog. A store is in one place here',
    ],
  ])('refuses %j', (values, text) => {
    expect(() => optionsOf(values as Record<string, string>)).toThrow(UsageError);
    expect(() => optionsOf(values as Record<string, string>)).toThrow(text);
  });
});

describe('the command line', () => {
  it('has keys as flags', () => {
    expect(['storePathRootDir', 'brokerIP1', 'enabledAppendPropCRC'].map(flagOf)).toEqual([
      'store-path-root-dir',
      'broker-ip1',
      'enabled-append-prop-crc',
    ]);
  });

  it('has words, and flags with a value behind a blank or "=", or none', () => {
    const parameters = [
      'broker',
      '-c',
      'f.conf',
      '--a-b',
      'x',
      '--c=1=2',
      '--d',
      '--e',
      '-n=h:1',
      '--help',
      'y',
    ];
    expect(parseCommandLine(parameters)).toEqual({
      words: ['broker', 'y'],
      flags: new Map([
        ['config-file', 'f.conf'],
        ['a-b', 'x'],
        ['c', '1=2'],
        ['d', undefined],
        ['e', undefined],
        ['namesrv-addr', 'h:1'],
        ['help', undefined],
      ]),
    });
    expect(() => parseCommandLine(['-x'])).toThrow('-x is not an option; there are -c, -n, -h and -v');
  });
});
