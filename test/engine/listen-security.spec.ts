import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../lib/common/clock.js';
import { BrokerOuterAPI } from '../../lib/engine/broker/out/broker-outer-api.js';
import { EmbeddedEngine, type EngineOptions } from '../../lib/engine/index.js';
import { ConfigurationError } from '../../lib/errors/index.js';
import type { SessionCredentials } from '../../lib/remoting/acl/session-credentials.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { TcpTransport, type TcpTransportOptions } from '../../lib/remoting/transport/tcp-transport.js';
import { invoke } from '../../lib/remoting/transport/transport.js';
import { pemPath, pemText, serverPem } from '../support/certificates.js';
import { TestClient } from '../support/test-client.js';
import { startEngine, type TestEngine } from '../support/test-engine.js';
import { RecordingLogger, temporaryDirectory } from '../support/test-store.js';

const user = { accessKey: 'alice', secretKey: 'a secret of alice' };
const other = { accessKey: 'bob', secretKey: 'a secret of bob' };
const FREE_PORTS = { nameServerPort: 0, listenPort: 0 };

const createWith = (listen: object) => () => new EmbeddedEngine({ listen } as EngineOptions);

/** A client of another process, as the engine sees it. */
function transportTo(credentials?: SessionCredentials, tls?: TcpTransportOptions['tls']): TcpTransport {
  const logger = new RecordingLogger();
  const transport = new TcpTransport({
    clock: systemClock,
    logger,
    credentials,
    tls,
  });
  onTestFinished(() => transport.close());
  return transport;
}

const openClient = (
  { namesrvAddrs }: TestEngine,
  credentials?: SessionCredentials,
  tls?: TcpTransportOptions['tls'],
) =>
  TestClient.open({
    namesrvAddrs,
    connect: () => transportTo(credentials, tls),
    close: async () => {},
  });

async function answerTo(
  address: string,
  credentials: SessionCredentials | undefined,
  tls?: TcpTransportOptions['tls'],
) {
  const request = { code: RequestCode.GET_ROUTEINFO_BY_TOPIC, header: { topic: 't' }, body: undefined };
  return invoke(transportTo(credentials, tls), address, request, 5000);
}

describe('engine.listen.users', () => {
  it('lets in who signs, at name server and broker, and nobody else', async () => {
    const engine = await startEngine({ engine: { listen: { ...FREE_PORTS, users: [user, other] } } });
    for (const known of [user, other]) {
      const client = await openClient(engine, known);
      expect((await client.send('t', { queueId: 0 })).code).toBe(ResponseCode.SUCCESS);
      expect(await client.read('t')).not.toEqual([]);
    }
    const inside = await TestClient.open(engine);
    expect(await inside.read('t')).toHaveLength(2);
    const { brokerAddrs } = (await inside.route('t')).body!.brokerDatas[0]!;
    for (const address of [engine.namesrvAddrs[0]!, brokerAddrs.get(0)!]) {
      expect(await answerTo(address, undefined)).toMatchObject({
        code: ResponseCode.NO_PERMISSION,
        remark: 'username cannot be null.',
      });
      expect(await answerTo(address, { ...user, secretKey: other.secretKey })).toMatchObject({
        code: ResponseCode.NO_PERMISSION,
        remark: 'check signature failed.',
      });
    }
  });

  it('keeps one-way requests of strangers out too', async () => {
    const engine = await startEngine({ engine: { listen: { ...FREE_PORTS, users: [user] } } });
    const inside = await TestClient.open(engine);
    await inside.send('t', { queueId: 0 });
    // Offsets of a group that the broker does not know are refused from everybody.
    await inside.heartbeat('c', 'g', { t: '*' });
    const { brokerAddrs } = (await inside.route('t')).body!.brokerDatas[0]!;
    const update = {
      code: RequestCode.UPDATE_CONSUMER_OFFSET,
      header: { consumerGroup: 'g', topic: 't', queueId: 0, commitOffset: 1 },
      body: undefined,
    };
    const stranger = transportTo();
    stranger.invokeOneway(brokerAddrs.get(0)!, update);
    const { code } = await invoke(stranger, brokerAddrs.get(0)!, update, 5000);
    expect(code).toBe(ResponseCode.NO_PERMISSION);
    const query = { consumerGroup: 'g', topic: 't', queueId: 0, setZeroIfNotFound: false };
    const { header } = await inside.call(RequestCode.QUERY_CONSUMER_OFFSET, query);
    // Where a group begins that has none.
    expect(header!.offset).toBe(0);
  });

  it('reports the strangers of a connection once, and no secret', async () => {
    const engine = await startEngine({ engine: { listen: { ...FREE_PORTS, users: [user] } } });
    const impostor = transportTo({ ...user, secretKey: 'guessed' });
    const request = { code: RequestCode.GET_BROKER_CLUSTER_INFO, header: undefined, body: undefined };
    for (let i = 0; i < 3; i++) await invoke(impostor, engine.namesrvAddrs[0]!, request, 5000);
    const lines = engine.logger.lines.filter((line) => line.includes('are refused'));
    expect(lines).toEqual([
      expect.stringMatching(/Requests from 127.0.0.1:\d+ are refused: check signature/),
    ]);
    expect(engine.logger.lines.join()).not.toMatch(/guessed|a secret/);
  });

  it.each<[string, unknown]>([
    ['no list', 'alice'],
    ['empty', []],
    ['of users without a secret', [{ accessKey: 'alice' }]],
    ['of users with an empty secret', [{ accessKey: 'alice', secretKey: '' }]],
    ['of users with something else', [{ ...user, admin: 'hush-hush' }]],
    ['of users of one name', [user, { ...other, accessKey: 'alice' }]],
    ['of numbers', [{ accessKey: 'alice', secretKey: 12345 }]],
  ])('is refused when it is %s, without showing it', (_, users) => {
    expect(createWith({ users })).toThrow(ConfigurationError);
    expect(createWith({ users })).toThrow(/engine.listen.users is not valid; allowed: 1 to 10000 of/);
    expect(createWith({ users })).not.toThrow(/12345|hush|secret of/);
  });
});

describe('engine.listen.tls', () => {
  it('encrypts name server and broker', async () => {
    const listen = { ...FREE_PORTS, tls: serverPem, users: [user] };
    const engine = await startEngine({ engine: { listen } });
    const client = await openClient(engine, user, { ca: pemPath('ca') });
    expect((await client.send('t')).code).toBe(ResponseCode.SUCCESS);
    expect(await client.read('t')).toHaveLength(1);
    await expect(answerTo(engine.namesrvAddrs[0]!, user)).rejects.toThrow('server closed the connection');
  });

  it.each<[string, object, RegExp]>([
    ['nothing', {}, /engine.listen.tls.cert and engine.listen.tls.key are missing: give both/],
    ['no key', { cert: serverPem.cert }, /engine.listen.tls.cert and engine.listen.tls.key are missing/],
    [
      'another mode',
      { ...serverPem, mode: 'on' },
      /tls.mode is "on"; allowed: disabled, permissive, enforcing/,
    ],
    ['another option', { ...serverPem, pfx: 'x' }, /engine.listen.tls.pfx is not an option; there are: mode/],
    [
      'a missing file',
      { ...serverPem, cert: '/nowhere.pem' },
      /tls.cert "\/nowhere.pem" cannot be read \(ENOENT\)/,
    ],
    ['a directory', { ...serverPem, key: '/' }, /engine.listen.tls.key "\/" cannot be read \(EISDIR\)/],
    [
      'a key as certificate',
      { ...serverPem, cert: serverPem.key },
      /tls.cert ".*server-key.pem" cannot be used/,
    ],
    ['a certificate as key', { ...serverPem, key: serverPem.cert }, /tls.key ".*server.pem" cannot be used/],
    [
      'the key of another',
      { ...serverPem, key: pemPath('client-key') },
      /tls.key ".*client-key.pem" is not the key of/,
    ],
    [
      'a key without passphrase',
      { ...serverPem, key: pemPath('server-key-encrypted') },
      /tls.key .* cannot be used/,
    ],
    ['an unreadable authority', { ...serverPem, ca: '/nowhere.pem' }, /engine.listen.tls.ca "\/nowhere.pem"/],
    [
      'client certificates of whom',
      { ...serverPem, requireClientCert: true },
      /requireClientCert needs .*tls.ca/,
    ],
    [
      'client certificates of some',
      { ...serverPem, mode: 'permissive', ca: pemPath('ca'), requireClientCert: true },
      /requireClientCert has no effect on plain connections/,
    ],
  ])('with %s is refused, and the error says what is wrong', (_, tls, text) => {
    expect(createWith({ tls })).toThrow(ConfigurationError);
    expect(createWith({ tls })).toThrow(text);
  });

  it('never shows a key', () => {
    const broken = pemText('server-key').replace(/[A-Z]/g, 'x');
    const shown = (tls: object) => {
      try {
        createWith({ tls })();
      } catch (error) {
        return String(error);
      }
      return expect.unreachable('it was accepted');
    };
    const lines = pemText('server-key').split('\n');
    expect(shown({ ...serverPem, key: pemText('client-key') })).not.toContain('PRIVATE');
    expect(shown({ cert: pemText('client'), key: pemText('server-key') })).not.toContain(lines[1]);
    expect(shown({ ...serverPem, key: broken })).not.toContain('PRIVATE');
    expect(shown({ ...serverPem, passphrase: 12345 })).not.toContain('12345');
  });

  it('reads nothing when it is disabled', () => {
    const tls = { mode: 'disabled', cert: '/nowhere.pem' };
    expect(createWith({ tls })).not.toThrow();
  });

  it('refuses a file that is too long to be one', () => {
    const path = join(temporaryDirectory(), 'long.pem');
    writeFileSync(path, Buffer.alloc(5 * 1024 * 1024));
    expect(createWith({ tls: { ...serverPem, ca: path } })).toThrow('has more than 4194304 bytes');
  });
});

describe('a host that others can reach', () => {
  const external = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
  const tls = serverPem;
  const users = [user];

  it.each<[string, object]>([
    ['nothing', {}],
    ['TLS', { tls }],
    ['users', { users }],
    ['users and permissive TLS', { users, tls: { ...tls, mode: 'permissive' } }],
    ['users and disabled TLS', { users, tls: { ...tls, mode: 'disabled' } }],
  ])('is refused with %s only, and the error says what is missing', (_, options) => {
    const create = createWith({ host: '0.0.0.0', ...options });
    expect(create).toThrow(ConfigurationError);
    expect(create).toThrow(
      /give engine.listen.tls a cert and a key \(mode enforcing\) and engine.listen.users/,
    );
  });

  it('is accepted with users and TLS, and when it is meant to be insecure', () => {
    expect(createWith({ host: '0.0.0.0', users, tls })).not.toThrow();
    expect(createWith({ host: '0.0.0.0', allowInsecure: true })).not.toThrow();
  });

  it.each(['mq_broker', '_mq.example.com'])('may be told to clients as %s', (advertisedHost) => {
    expect(createWith({ advertisedHost })).not.toThrow();
  });

  it.each<[string, number, object, EngineOptions]>([
    ['a warning, as clients are sent to this machine', 1, {}, {}],
    ['none with advertisedHost', 0, { advertisedHost: 'localhost' }, {}],
    ['none with brokerIP1', 0, {}, { brokerIP1: '10.0.0.7' }],
  ])('may be any: %s', async (_, count, given, options) => {
    const listen = { ...FREE_PORTS, host: '0.0.0.0', tls, users, ...given };
    const { logger } = await startEngine({ engine: { ...options, listen } });
    const warning =
      /^WARN The engine listens on 0.0.0.0, but tells clients that the broker is at 127.0.0.1:\d+/;
    expect(logger.lines.filter((line) => warning.test(line))).toHaveLength(count);
  });

  it.each<[string, number, object, EngineOptions]>([
    ['where clients are told another address', 1, { advertisedHost: '10.0.0.7' }, {}],
    ['where a name server elsewhere is told of it', 1, {}, { namesrvAddr: '127.0.0.1:1;203.0.113.1:1' }],
    ['not where it says so', 0, { advertisedHost: '127.0.0.1' }, { namesrvAddr: '203.0.113.1:1' }],
    ['not for a name server of this machine', 0, {}, { namesrvAddr: 'localhost:1' }],
  ])('is missed with a warning %s', async (_, count, given, options) => {
    onTestFinished(() => void vi.restoreAllMocks());
    for (const call of ['registerBrokerAll', 'shutdown'] as const)
      vi.spyOn(BrokerOuterAPI.prototype, call).mockResolvedValue();
    const listen = { ...('namesrvAddr' in options ? { listenPort: 0 } : FREE_PORTS), ...given };
    const { logger } = await startEngine({ engine: { ...options, listen } });
    const warning = /^WARN The engine listens on 127.0.0.1, which others do not reach, but tells clients/;
    expect(logger.lines.filter((line) => warning.test(line))).toHaveLength(count);
  });

  it.skipIf(external === undefined)('is served there with users and TLS', async () => {
    const listen = { ...FREE_PORTS, host: external!, tls, users };
    const engine = await startEngine({ engine: { listen } });
    const client = await openClient(engine, user, { ca: pemPath('ca'), servername: 'localhost' });
    expect((await client.send('t')).code).toBe(ResponseCode.SUCCESS);
  });
});
