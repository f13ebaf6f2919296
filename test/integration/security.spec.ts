import { describe, expect, it } from 'vitest';
import {
  MQClientError,
  RocketMQModule,
  RocketMQReplyListener,
  type RocketMQModuleOptions,
} from '../../lib/index.js';
import { localIp } from '../../lib/common/message-client-id-setter.js';
import { RocketMQConnection } from '../../lib/rocketmq.connection.js';
import { pemPath, serverPem } from '../support/certificates.js';
import { createApp, Inbox, listener, startApp, type TestApp } from '../support/nest-app.js';

const producer = { accessKey: 'sender', secretKey: 'a secret of the sender' };
const consumer = { accessKey: 'receiver', secretKey: 'a secret of the receiver' };
const users = [producer, consumer];
const tls = { ca: pemPath('ca') };

/** An application whose engine lets others in who are known. */
async function startHost(): Promise<{ host: TestApp; nameServer: string }> {
  const listen = { nameServerPort: 0, listenPort: 0, tls: serverPem, users };
  const host = await startApp({ rocketmq: { engine: { listen } } });
  const line = await host.logger.logged('others reach it at ');
  return { host, nameServer: /others reach it at (\S+)/.exec(line)![1]! };
}

const guestOf = (options: RocketMQModuleOptions, providers: never[] = []) =>
  createApp({ module: [RocketMQModule.forRoot({ engine: false, ...options })], providers });

describe('an application that others reach with TLS and a signature', () => {
  it.each<[string, RocketMQModuleOptions]>([
    ['one user', { ...producer }],
    ['one user for sending and one for listening', { producer, consumer }],
    ['a user of its own for listening', { ...producer, consumer }],
  ])('serves a guest with %s', async (_, options) => {
    const { host, nameServer } = await startHost();
    const inbox = new Inbox<string>();
    const Listener = listener<string>(
      { topic: 't', consumerGroup: 'g', consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' },
      inbox.push,
    );
    const guest = await guestOf({ nameServer, tls, ...options }, [Listener as never]);
    await guest.start();
    await guest.template.syncSend('t', 'from the guest');
    await host.template.syncSend('t', 'from the host');
    expect((await inbox.take(2)).toSorted()).toEqual(['from the guest', 'from the host']);
  });

  it('gives a guest its replies, whose two users are clients of their own under one name', async () => {
    const { nameServer } = await startHost();
    @RocketMQReplyListener({ topic: 'ask', consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' })
    class Replier implements RocketMQReplyListener<string> {
      onMessage(text: string): string {
        return `${text}!`;
      }
    }
    const options = { nameServer, tls, producer, consumer, instanceName: 'shop' };
    const guest = await guestOf(options, [Replier as never]);
    await guest.start();
    expect(await guest.template.sendAndReceive('ask', 'hello')).toBe('hello!');
    const { instance, listenerInstance } = guest.module.get(RocketMQConnection, { strict: false });
    expect(listenerInstance.clientId).toBe(`${localIp()}@shop`);
    expect(instance.clientId).not.toBe(listenerInstance.clientId);
  });

  it.each<[string, RocketMQModuleOptions, string]>([
    ['no user', {}, 'authentication field is null'],
    ['a wrong secret', { ...producer, secretKey: 'guessed' }, 'check signature failed.'],
    ['an unknown user', { accessKey: 'nobody', secretKey: 'x' }, 'User:nobody is not found.'],
  ])('says to a guest with %s why it does not start', async (_, options, remark) => {
    const { nameServer } = await startHost();
    const guest = await guestOf({ nameServer, tls, ...options });
    const error = await guest.start().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MQClientError);
    expect(String(error)).toContain(
      `The name server at ${nameServer} does not let this application in (CODE: 16  DESC: ${remark}`,
    );
    expect(String(error)).toContain('correct accessKey and secretKey');
    expect(String(error) + guest.logger.lines.join()).not.toMatch(/guessed|a secret/);
  });

  it('says to a guest without its authority why it does not start', async () => {
    const { nameServer } = await startHost();
    const guest = await guestOf({ nameServer, tls: true, ...producer });
    await expect(guest.start()).rejects.toThrow(/No name server answers at .*(unable|self-signed)/);
  });
});

describe('the options of users and TLS', () => {
  it.each<[object, RegExp]>([
    [{ accessKey: 'a' }, /RocketMQModule.secretKey is missing: accessKey and secretKey go together/],
    [{ secretKey: 'hush' }, /RocketMQModule.accessKey is missing/],
    [{ securityToken: 'hush' }, /RocketMQModule.accessKey is missing/],
    [{ producer: { accessKey: 'a' } }, /producer.secretKey is missing/],
    [{ consumer: { secretKey: 'hush' } }, /consumer.accessKey is missing/],
    [
      { accessKey: 'a', secretKey: '' },
      /RocketMQModule.secretKey is not valid; allowed: a text of 1 to 1024/,
    ],
    [{ accessKey: 'a', secretKey: 5555 }, /RocketMQModule.secretKey is not valid/],
    [{ tls: 'yes' }, /RocketMQModule.tls is "yes"; allowed: true, false or an object/],
    [
      { tls: { cafile: 'x' } },
      /tls.cafile is not an option; there are: cert, key, passphrase, ca, servername/,
    ],
    [{ tls: { ca: '/nowhere.pem' } }, /tls.ca "\/nowhere.pem" cannot be read \(ENOENT\)/],
    [{ tls: { cert: pemPath('client') } }, /tls.cert and tls.key belong together: give both, or neither/],
    [{ tls: { rejectUnauthorized: 'no' } }, /tls.rejectUnauthorized is "no"; allowed: true or false/],
  ])('%j are refused, without showing a secret', async (options, text) => {
    const create = createApp({ module: [RocketMQModule.forRoot(options)] });
    await expect(create).rejects.toThrow(text);
    await expect(create).rejects.not.toThrow(/hush|5555/);
  });

  it('make one client of producer and listeners that are one user', async () => {
    const options: RocketMQModuleOptions = { nameServer: '127.0.0.1:1', engine: false };
    const connection = async (more: RocketMQModuleOptions) => {
      const { instance, listenerInstance } = await RocketMQConnection.create({ ...options, ...more });
      instance.shutdown();
      listenerInstance.shutdown();
      return instance === listenerInstance;
    };
    expect(await connection({})).toBe(true);
    expect(await connection({ ...producer, consumer: { ...producer } })).toBe(true);
    expect(await connection({ ...producer, consumer })).toBe(false);
    expect(await connection({ consumer })).toBe(false);
  });
});
