import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/common/clock.js';
import type { MessageExt } from '../../lib/common/message-ext.js';
import { MQBrokerError, MQClientError } from '../../lib/errors/index.js';
import { TcpTransport, type TcpTransportOptions } from '../../lib/remoting/transport/tcp-transport.js';
import { uniqueName, type Cluster } from '../conformance/cluster.js';
import { pemPath, serverPem } from '../support/certificates.js';
import { eventually } from '../support/eventually.js';
import { startEngine } from '../support/test-engine.js';
import { bodies, collect, message, startConsumer, startProducer } from '../support/test-peers.js';
import { RecordingLogger } from '../support/test-store.js';
import { ApacheCluster } from './apache-cluster.js';
import type { ApacheOptions } from './apache-process.js';
import { runJava } from './java.js';

const admin = { accessKey: 'admin-user', secretKey: 'a secret of admin-user' };
const trusting = { ca: pemPath('ca') };

const directory = mkdtempSync(join(tmpdir(), 'rocketmq-interop-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The file in which Java reads how it encrypts. */
function tlsProperties(): string {
  const file = join(directory, 'tls.properties');
  const lines = [
    'tls.test.mode.enable=false',
    `tls.server.certPath=${pemPath('server')}`,
    `tls.server.keyPath=${pemPath('server-key')}`,
    'tls.server.authClient=false',
    'tls.client.authServer=true',
    `tls.client.trustCertPath=${pemPath('ca')}`,
  ];
  writeFileSync(file, lines.join('\n'));
  return file;
}

function clusterOf(apache: ApacheCluster, options: Partial<TcpTransportOptions>): Cluster {
  const logger = new RecordingLogger();
  return {
    namesrvAddrs: [apache.namesrvAddr],
    connect: () => new TcpTransport({ clock: systemClock, logger, ...options }),
    close: async () => {},
  };
}

/** Sends and consumes as an application does. */
async function sendAndConsume(cluster: Cluster): Promise<void> {
  const [topic, group] = [uniqueName('secure'), uniqueName('secure-group')];
  const producer = startProducer(cluster);
  const sent = Array.from({ length: 20 }, (_, i) => `message ${i}`);
  for (const body of sent) await producer.send(message(topic, body));
  const received: MessageExt[] = [];
  await startConsumer(cluster, group, { [topic]: '*' }, collect(received));
  await eventually(() => received.length === sent.length, 30_000);
  expect(bodies(received).toSorted()).toEqual(sent.toSorted());
}

/** One cluster for all tests of a describe. */
function withApache(makeOptions: () => ApacheOptions): () => ApacheCluster {
  let apache: ApacheCluster;
  beforeAll(async () => void (apache = await ApacheCluster.start('single', makeOptions())), 120_000);
  afterAll(() => apache?.close());
  return () => apache;
}

describe.each(['enforcing', 'permissive'])('our client and Apache with tls.server.mode=%s', (mode) => {
  const apache = withApache(() => ({
    system: {
      'tls.server.mode': mode,
      'tls.enable': 'true',
      'tls.config.file': tlsProperties(),
    },
  }));

  it('work together with TLS', () => sendAndConsume(clusterOf(apache(), { tls: trusting })), 60_000);

  it(`${mode === 'permissive' ? 'work' : 'do not work'} together without it`, async () => {
    const cluster = clusterOf(apache(), {});
    if (mode === 'permissive') return sendAndConsume(cluster);
    const error = await startProducer(cluster)
      .send(message('t'))
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MQClientError);
  }, 60_000);
});

describe('our client and Apache with authentication', () => {
  const apache = withApache(() => ({
    properties: {
      authenticationEnabled: true,
      authenticationMetadataProvider:
        'org.apache.rocketmq.auth.authentication.provider.LocalAuthenticationMetadataProvider',
      initAuthenticationUser: JSON.stringify({ username: admin.accessKey, password: admin.secretKey }),
      innerClientAuthenticationCredentials: JSON.stringify(admin),
    },
  }));

  it(
    'work together with a signature',
    () => sendAndConsume(clusterOf(apache(), { credentials: admin })),
    60_000,
  );

  it('send batches with a signature', async () => {
    const producer = startProducer(clusterOf(apache(), { credentials: admin }));
    const topic = uniqueName('secure-batch');
    const result = await producer.sendBatch([message(topic, 'one'), message(topic, 'two')]);
    expect(result.sendStatus).toBe('SEND_OK');
  }, 60_000);

  it.each([
    ['none', undefined, 'username cannot be null.'],
    ['a wrong secret', { ...admin, secretKey: 'guessed' }, 'check signature failed.'],
    ['an unknown user', { accessKey: 'nobody', secretKey: 'x' }, 'User:nobody is not found.'],
  ])(
    'do not without: %s',
    async (_, credentials, remark) => {
      const error = await startProducer(clusterOf(apache(), { credentials }))
        .send(message('BenchmarkTest'))
        .catch((reason: unknown) => reason);
      // Java tries again after this answer, and so does this client.
      expect(error).toBeInstanceOf(MQClientError);
      expect(error).toMatchObject({ responseCode: 16, cause: expect.any(MQBrokerError) as Error });
      expect((error as Error).message).toMatch(remark);
      expect(String(error)).not.toContain('guessed');
    },
    60_000,
  );
});

describe('the Java client and our engine with TLS and users', () => {
  const start = async (serializeType: string, address: string, ...keys: readonly string[]) => {
    const system = {
      'tls.enable': 'true',
      'tls.config.file': tlsProperties(),
      'rocketmq.serialize.type': serializeType,
    };
    const lines = await runJava('SecureClients', { system }, address, ...keys);
    return lines.filter((line) => /^(worked|refused): /.test(line));
  };

  it.each(['JSON', 'ROCKETMQ'])(
    'work together, with headers as %s',
    async (serializeType) => {
      const listen = { nameServerPort: 0, listenPort: 0, tls: serverPem, users: [admin] };
      const engine = await startEngine({ engine: { listen, mappedFileSizeCommitLog: 16 * 1024 * 1024 } });
      const address = engine.namesrvAddrs[0]!;
      const worked = await start(serializeType, address, admin.accessKey, admin.secretKey);
      expect(worked, engine.logger.lines.join('\n')).toEqual(['worked: send', 'worked: consume']);
      expect(await start(serializeType, address, admin.accessKey, 'guessed')).toEqual([
        // Java does not say what the name server answered.
        expect.stringMatching(/^refused: No route info/),
      ]);
    },
    180_000,
  );
});
