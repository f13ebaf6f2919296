import { copyFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls, type PeerCertificate, type TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../lib/common/clock.js';
import { MQClientError } from '../../../lib/errors/index.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { TcpTransport, type TcpTransportOptions } from '../../../lib/remoting/transport/tcp-transport.js';
import { invoke } from '../../../lib/remoting/transport/transport.js';
import { pemPath, pemText } from '../../support/certificates.js';
import { eventually } from '../../support/eventually.js';
import { startServer } from '../../support/tcp-server.js';
import { RecordingLogger, temporaryDirectory } from '../../support/test-store.js';
import { startTlsServer } from '../../support/tls-server.js';
import { VirtualClock } from '../../support/virtual-clock.js';

const trusting = { ca: pemPath('ca') };

/** Asks for the offset of a queue, which is the number of the queue. */
async function ask(address: string, tls: TcpTransportOptions['tls'], queueId = 7): Promise<number> {
  const transport = new TcpTransport({
    clock: systemClock,
    logger: new RecordingLogger(),
    tls,
  });
  onTestFinished(() => transport.close());
  const request = { code: RequestCode.GET_MAX_OFFSET, header: { topic: 't', queueId }, body: undefined };
  return (await invoke(transport, address, request, 10_000)).header!.offset;
}

const failureOf = (answer: Promise<unknown>): Promise<Error> =>
  answer.then(
    () => expect.unreachable('it was answered'),
    (error: Error) => error,
  );

async function certificateOf(port: number): Promise<PeerCertificate> {
  const socket: TLSSocket = connectTls({ port, host: '127.0.0.1', ca: pemText('ca') });
  await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  const certificate = socket.getPeerCertificate();
  socket.destroy();
  return certificate;
}

/** A connection whose bytes nobody reads. */
async function openPlain(port: number) {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {}).resume();
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return { socket, closed };
}

/** The address of a proxy that passes every byte on by itself. */
async function byteByByte(port: number): Promise<string> {
  const proxy = createServer({ noDelay: true }, (socket) => {
    const server = connect({ port, host: '127.0.0.1', noDelay: true });
    server.on('error', () => socket.destroy()).pipe(socket);
    socket.on('error', () => server.destroy()).on('close', () => server.destroy());
    socket.on('data', (bytes) => bytes.forEach((byte) => void server.write(Buffer.from([byte]))));
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void proxy.close());
  return `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

describe('a server that enforces TLS', () => {
  it('serves clients that trust its authority, by a file or by text', async () => {
    const { address, port } = await startTlsServer();
    expect(await ask(address, trusting)).toBe(7);
    expect(await ask(address, { ca: pemText('ca') }, 8)).toBe(8);
    expect(await ask(`localhost:${port}`, trusting, 9)).toBe(9);
    expect(await ask(address, { ...trusting, servername: 'localhost' }, 10)).toBe(10);
  });

  it('takes an encrypted key with its passphrase', async () => {
    const { address } = await startTlsServer({
      key: pemPath('server-key-encrypted'),
      passphrase: 'open-sesame',
    });
    expect(await ask(address, trusting)).toBe(7);
  });

  it('carries bodies of many frames in both directions', async () => {
    const { address, handler } = await startTlsServer();
    const transport = new TcpTransport({
      clock: systemClock,
      logger: new RecordingLogger(),
      tls: trusting,
    });
    onTestFinished(() => transport.close());
    const topic = 't'.repeat(250_000);
    const answers = Array.from({ length: 80 }, (_, queueId) => {
      const request = { code: RequestCode.GET_MAX_OFFSET, header: { topic, queueId }, body: undefined };
      return invoke(transport, address, request, 10_000);
    });
    const offsets = (await Promise.all(answers)).map(({ header }) => header!.offset);
    expect(offsets).toEqual(answers.map((_, i) => i));
    expect(handler.requests.every(({ header }) => (header as { topic: string }).topic === topic)).toBe(true);
  });

  it.each<[string, object | true, RegExp]>([
    ['does not trust its authority', true, /unable to verify|self.signed|unable to get/],
    ['trusts another authority', { ca: pemPath('other-ca') }, /unable to verify|self.signed|unable to get/],
    ['expects another name', { ...trusting, servername: 'example.com' }, /does not match certificate/],
  ])('is refused by a client that %s, which says so', async (_, tls, reason) => {
    const { address, handler } = await startTlsServer();
    const error = await failureOf(ask(address, tls));
    expect(error).toBeInstanceOf(MQClientError);
    expect(error.message).toMatch(`connect to ${address} failed`);
    expect(error.message).toMatch(reason);
    expect(handler.requests).toEqual([]);
  });

  it('serves a client that trusts everybody, if told so', async () => {
    const { address } = await startTlsServer();
    expect(await ask(address, { rejectUnauthorized: false })).toBe(7);
  });

  it('closes plain connections, and no other', async () => {
    const { address, port, handler, logger } = await startTlsServer();
    const plain = await openPlain(port);
    plain.socket.write(Buffer.from([0, 0, 0, 8, 0, 0, 0, 4]));
    await plain.closed;
    expect(await ask(address, trusting)).toBe(7);
    expect(handler.requests).toHaveLength(1);
    expect(logger.lines.join()).toMatch(/The connection from 127.0.0.1:\d+ is closed: it is not encrypted/);
  });

  it('closes connections that begin as TLS and are none', async () => {
    const { address, port, logger } = await startTlsServer();
    const liar = await openPlain(port);
    liar.socket.write(Buffer.from([0x16, 3, 1, 0, 4, 1, 2, 3, 4]));
    await liar.closed;
    expect(await ask(address, trusting)).toBe(7);
    expect(logger.lines.join()).toMatch(/is closed: Error/);
  });

  it('reports once, and by its address, who breaks off a handshake, and nobody who only looks', async () => {
    const { address, port, logger } = await startTlsServer();
    const visitor = await openPlain(port);
    visitor.socket.destroy();
    const client = await openPlain(port);
    const name = `127.0.0.1:${client.socket.localPort}`;
    client.socket.write(Buffer.from([0x16, 3, 1]), () => client.socket.resetAndDestroy());
    await client.closed;
    await eventually(() => logger.lines.length > 0);
    expect(await ask(address, trusting)).toBe(7);
    expect(logger.lines).toEqual([expect.stringContaining(`The connection from ${name} is closed: `)]);
  });

  it.each([
    ['nothing', []],
    ['the beginning of a handshake', [0x16, 3]],
  ])('closes after five seconds connections on which came %s', async (_, bytes) => {
    const clock = new VirtualClock();
    const { port } = await startTlsServer({}, clock);
    const client = await openPlain(port);
    let isClosed = false;
    void client.closed.then(() => (isClosed = true));
    client.socket.write(Buffer.from(bytes));
    // Answered after the bytes have come: then the server knows of the connection.
    await failureOf(ask(`127.0.0.1:${port}`, { ca: pemPath('other-ca') }));
    await clock.advance(4990);
    expect(isClosed).toBe(false);
    await clock.advance(20);
    await eventually(() => isClosed);
  });

  it('says nothing of who said nothing when its time is over', async () => {
    const clock = new VirtualClock();
    const { port, server, logger } = await startTlsServer({}, clock);
    const { tls } = server as unknown as { tls: { pending: ReadonlyMap<string, unknown> } };
    const guest = await openPlain(port);
    await eventually(() => tls.pending.size === 1);
    await clock.advance(5000);
    await guest.closed;
    expect(logger.lines).toEqual([]);
  });

  it('ends connections that are still being agreed on when it closes', async () => {
    const { port, server } = await startTlsServer();
    const client = await openPlain(port);
    client.socket.write(Buffer.from([0x16, 3]));
    await failureOf(ask(`127.0.0.1:${port}`, { ca: pemPath('other-ca') }));
    await server.close();
    await client.closed;
  });
});

describe('a server with permissive TLS', () => {
  it('serves encrypted and plain connections on one port, also byte by byte', async () => {
    const { address, port } = await startTlsServer({ mode: 'permissive' });
    expect(await ask(address, trusting, 1)).toBe(1);
    expect(await ask(address, undefined, 2)).toBe(2);
    const slow = await byteByByte(port);
    expect(await ask(slow, trusting, 3)).toBe(3);
    expect(await ask(slow, undefined, 4)).toBe(4);
  });
});

describe('a server that requires client certificates', () => {
  const mutual = { ca: pemPath('ca'), requireClientCert: true };

  it('serves who has one', async () => {
    const { address } = await startTlsServer(mutual);
    const client = { cert: pemPath('client'), key: pemPath('client-key') };
    expect(await ask(address, { ...trusting, ...client })).toBe(7);
  });

  it.each<[string, object]>([
    ['none', {}],
    ['one of another authority', { cert: pemPath('stranger'), key: pemPath('stranger-key') }],
  ])('closes the connection of who has %s', async (_, client) => {
    const { address, handler } = await startTlsServer(mutual);
    const error = await failureOf(ask(address, { ...trusting, ...client }));
    expect(error).toBeInstanceOf(MQClientError);
    expect(handler.requests).toEqual([]);
  });
});

describe('a certificate that is replaced', () => {
  it('is used for new connections; old ones stay, and a broken one is not used', async () => {
    const directory = temporaryDirectory();
    const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
    copyFileSync(pemPath('server'), cert);
    copyFileSync(pemPath('server-key'), key);
    const { port, logger } = await startTlsServer({ cert, key });
    const old = connectTls({ port, host: '127.0.0.1', ca: pemText('ca') });
    onTestFinished(() => void old.destroy());
    let isOldClosed = false;
    old.on('close', () => (isOldClosed = true));
    await new Promise<void>((resolve) => old.once('secureConnect', resolve));
    expect((await certificateOf(port)).subject.CN).toBe('localhost');

    writeFileSync(key, 'garbage');
    await eventually(() => logger.lines.some((line) => line.includes('the certificate of before stays')));
    expect((await certificateOf(port)).subject.CN).toBe('localhost');
    expect(logger.lines.at(-1)).toContain(`listen.tls.key "${key}" cannot be used`);

    copyFileSync(pemPath('server2-key'), key);
    copyFileSync(pemPath('server2'), cert);
    await eventually(() => logger.lines.some((line) => line.includes('new connections use the certificate')));
    expect((await certificateOf(port)).subject.CN).toBe('the second one');
    expect(isOldClosed).toBe(false);
  });
});

describe('a client that speaks TLS to a server that does not', () => {
  it('says which connection failed, and the server what it saw', async () => {
    const { address, logger } = await startServer();
    const error = await failureOf(ask(address, trusting));
    expect(error.message).toMatch(`connect to ${address} failed`);
    expect(logger.lines.join()).toMatch(/is closed: .*it seems to be encrypted with TLS/);
  });
});
