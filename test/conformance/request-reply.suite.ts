import { describe, expect, it } from 'vitest';
import type { MessageExt } from '../../lib/common/message-ext.js';
import {
  createReplyMessage,
  DefaultMQProducer,
  type ConsumeConcurrentlyStatus,
} from '../../lib/client/index.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { eventually } from '../support/eventually.js';
import { message, startConsumer, startInstance, startProducer } from '../support/test-peers.js';
import { TestClient } from '../support/test-client.js';
import { RecordingLogger } from '../support/test-store.js';
import { uniqueName, type ClusterRef } from './cluster.js';

/** A member of a group that answers each request with what `reply` makes of it; undefined is no answer. */
async function startReplier(
  cluster: ReturnType<ClusterRef>,
  topic: string,
  reply: (request: MessageExt) => Buffer | undefined,
): Promise<void> {
  const producer = startProducer(cluster, { producer: { group: uniqueName('replier') } });
  const concurrently = async ([request]: readonly MessageExt[]): Promise<ConsumeConcurrentlyStatus> => {
    const body = reply(request!);
    if (body !== undefined) await producer.sendAsync(createReplyMessage(request!, body));
    return 'CONSUME_SUCCESS';
  };
  await startConsumer(cluster, uniqueName('group'), { [topic]: '*' }, { concurrently });
}

const upperCase = ({ body }: MessageExt) => Buffer.from(body.toString().toUpperCase());

/** Creates the topic, so that the replier finds it at once. */
async function topicOf(cluster: ReturnType<ClusterRef>): Promise<string> {
  const topic = uniqueName('requests');
  await startProducer(cluster).send(message(topic, 'first'));
  return topic;
}

/** Request and reply: wire-protocol.md 7. */
export function describeRequestReply(cluster: ClusterRef): void {
  describe('request and reply', () => {
    it('brings each reply to the request that it belongs to', async () => {
      const topic = await topicOf(cluster());
      await startReplier(cluster(), topic, upperCase);
      const producer = startProducer(cluster());
      const texts = Array.from({ length: 20 }, (_, i) => `text ${i}`);
      const replies = await Promise.all(
        texts.map((text) => producer.request(message(topic, text), { timeout: 10_000 })),
      );
      expect(replies.map(({ body }) => body.toString())).toEqual(texts.map((text) => text.toUpperCase()));
      const [reply] = replies;
      expect(reply!.topic).toMatch(/_REPLY_TOPIC$/);
      expect(reply!.getProperty('MSG_TYPE')).toBe('reply');
      expect(Number(reply!.getProperty('ARRIVE_TIME'))).toBeGreaterThan(0);
      expect(Number(reply!.getProperty('PUSH_REPLY_TIME'))).toBeGreaterThan(0);
      expect(reply!.bornHost).toMatch(/^[\d.]+:\d+$/);
    });

    it('sends the request with what the replier needs', async () => {
      const topic = await topicOf(cluster());
      const requests: MessageExt[] = [];
      await startReplier(cluster(), topic, (request) => {
        requests.push(request);
        return upperCase(request);
      });
      await startProducer(cluster()).request(message(topic, 'a'), { timeout: 9000 });
      const request = requests.find(({ body }) => body.toString() === 'a')!;
      expect(request.getProperty('TTL')).toBe('9000');
      expect(request.getProperty('CORRELATION_ID')).toMatch(/^[\da-f-]{36}$/);
      expect(request.getProperty('REPLY_TO_CLIENT')).toMatch(/@/);
      expect(request.getProperty('CLUSTER')).toBe('DefaultCluster');
    });

    it('carries a large reply, compressed', async () => {
      const topic = await topicOf(cluster());
      const large = Buffer.alloc(200_000, 'ab');
      await startReplier(cluster(), topic, () => large);
      const reply = await startProducer(cluster()).request(message(topic), { timeout: 10_000 });
      expect(reply.body.equals(large)).toBe(true);
    });

    it('fails when no reply comes in time, in the words of Java', async () => {
      const topic = await topicOf(cluster());
      const request = startProducer(cluster()).request(message(topic), { timeout: 1000 });
      await expect(request).rejects.toMatchObject({
        code: 'REQUEST_TIMEOUT',
        responseCode: 10006,
        message: `send request message to <${topic}> OK, but wait reply message timeout, 1000 ms.`,
      });
    });

    it('logs a reply that comes too late, and goes on', async () => {
      const topic = await topicOf(cluster());
      const requests: MessageExt[] = [];
      await startReplier(cluster(), topic, (request) => void requests.push(request));
      const logger = new RecordingLogger();
      const producer = startProducer(cluster(), { logger });
      await producer.request(message(topic, 'late'), { timeout: 700 }).catch(() => {});
      await eventually(() => requests.some(({ body }) => body.toString() === 'late'));
      const request = requests.find(({ body }) => body.toString() === 'late')!;
      const sent = startProducer(cluster()).sendAsync(createReplyMessage(request, Buffer.from('x')));
      await expect(sent).resolves.toMatchObject({ sendStatus: 'SEND_OK' });
      await eventually(() => logger.lines.some((line) => line.includes('has no request that waits for it')));
    });

    it('tells the replier when the requester is gone, or not named', async () => {
      const client = await TestClient.open(cluster());
      const send = (properties: Readonly<Record<string, string>>) =>
        client.sendReply('DefaultCluster_REPLY_TOPIC', { properties: { MSG_TYPE: 'reply', ...properties } });
      expect(await send({ REPLY_TO_CLIENT: 'nobody', CORRELATION_ID: '1' })).toMatchObject({
        code: ResponseCode.SYSTEM_ERROR,
        remark: 'push reply message fail, channel of <nobody> not found.',
      });
      expect(await send({})).toMatchObject({
        code: ResponseCode.SYSTEM_ERROR,
        remark: 'reply message properties[REPLY_TO_CLIENT] is null',
      });
    });

    it('keeps the reply as it was sent, and pushes it with the time', async () => {
      const client = await TestClient.open(cluster());
      const clientId = uniqueName('requester');
      await client.producerHeartbeat(clientId, uniqueName('producers'));
      client.answer = () => undefined;
      const properties = { MSG_TYPE: 'reply', REPLY_TO_CLIENT: clientId, CORRELATION_ID: 'c', UNIQ_KEY: 'u' };
      const topic = 'DefaultCluster_REPLY_TOPIC';
      const { code, header } = await client.sendReply(topic, { properties, body: 'the reply', flag: 7 });
      expect(code).toBe(ResponseCode.SUCCESS);
      const pushed = client.pushed.find(
        (request) => request.code === RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT,
      );
      expect(pushed!.header).toMatchObject({ topic, flag: 7, producerGroup: 'test-producer', queueId: 0 });
      expect((pushed!.body as Buffer).toString()).toBe('the reply');
      const kept = { ...properties, MSG_REGION: 'DefaultRegion', TRACE_ON: 'true' };
      const { properties: told } = pushed!.header as { properties: ReadonlyMap<string, string> };
      expect(Object.fromEntries(told)).toEqual({ ...kept, PUSH_REPLY_TIME: expect.stringMatching(/^\d+$/) });
      const stored = (await client.read(topic)).find(
        ({ queueOffset }) => queueOffset === header!.queueOffset,
      );
      expect(stored!.body.toString()).toBe('the reply');
      expect(Object.fromEntries(stored!.properties)).toEqual(kept);
    });

    it('tells the replier when the requester refuses the reply', async () => {
      const client = await TestClient.open(cluster());
      const clientId = uniqueName('requester');
      await client.producerHeartbeat(clientId, uniqueName('producers'));
      client.refuses = true;
      const properties = { REPLY_TO_CLIENT: clientId, CORRELATION_ID: 'c' };
      expect(await client.sendReply('DefaultCluster_REPLY_TOPIC', { properties })).toMatchObject({
        code: ResponseCode.SYSTEM_ERROR,
        remark: `push reply message to ${clientId}fail.`,
      });
    });

    it('ends the waiting when the client is shut down, or the caller says so', async () => {
      const topic = await topicOf(cluster());
      const instance = startInstance(cluster());
      const aborted = new AbortController();
      const producer = new DefaultMQProducer(instance, { group: uniqueName('requesters') });
      producer.start();
      const first = producer.request(message(topic), { timeout: 60_000, signal: aborted.signal });
      const second = producer.request(message(topic), { timeout: 60_000 });
      const results = Promise.allSettled([first, second]);
      aborted.abort(new Error('no longer wanted'));
      await expect(first).rejects.toThrow('no longer wanted');
      producer.shutdown();
      instance.shutdown();
      await results;
      await expect(second).rejects.toThrow(/shut down/);
    });

    it('refuses a request whose send fails, with the reason', async () => {
      const request = startProducer(cluster()).request(message('SELF_TEST_TOPIC'), { timeout: 1000 });
      await expect(request).rejects.toThrow('forbidden');
    });
  });
}
