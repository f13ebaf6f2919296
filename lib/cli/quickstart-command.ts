import { DefaultMQProducer, DefaultMQPushConsumer, MQClientInstance } from '../client/index.js';
import type { SendResult } from '../client/index.js';
import { systemClock } from '../common/clock.js';
import { parseHostPort, splitAddresses } from '../common/host-port.js';
import type { Logger } from '../common/logger.js';
import { Message } from '../common/message.js';
import type { MessageExt } from '../common/message-ext.js';
import { environmentNamesrvAddr } from '../common/mix-all.js';
import { TcpTransport } from '../remoting/transport/tcp-transport.js';
import { needed, type CommandLine } from './command-line.js';
import { UsageError } from './usage-error.js';

const TOPIC = 'TopicTest';
const DEFAULT_COUNT = 1000;
const FLAGS: ReadonlySet<string> = new Set(['namesrv-addr', 'count']);

/**
 * Runs one of the two programs that RocketMQ's documentation begins with.
 *
 * @throws UsageError when it is neither; MQClientError when no name server answers.
 */
export async function runQuickstart(
  { words: [program, ...others], flags }: CommandLine,
  logger: Logger,
  end: Promise<void>,
): Promise<void> {
  const run = program === 'producer' ? produce : program === 'consumer' ? consume : undefined;
  if (run === undefined || others.length > 0) throw new UsageError('quickstart is producer or consumer');
  for (const flag of flags.keys())
    if (!FLAGS.has(flag)) throw new UsageError(`--${flag} is not an option of quickstart`);
  const count = flags.has('count') ? countOf(needed('count', flags.get('count'))) : DEFAULT_COUNT;
  const namesrvAddrs = namesrvAddrsOf(flags);
  const transport = new TcpTransport({ clock: systemClock, logger });
  const options = { transport, clock: systemClock, random: Math.random, logger };
  const instance = new MQClientInstance({ ...options, namesrvAddrs });
  try {
    await instance.updateBrokers().catch((error: Error) => {
      const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
      throw new Error(
        `${error.message}${cause}: start one with nestjs-rocketmq broker, or name another with -n`,
      );
    });
    await run(instance, count, end);
  } finally {
    instance.shutdown();
  }
}

async function produce(instance: MQClientInstance, count: number, end: Promise<void>): Promise<void> {
  const producer = new DefaultMQProducer(instance, { group: 'please_rename_unique_group_name' });
  producer.start();
  let isEnding = false;
  void end.then(() => (isEnding = true));
  for (let i = 0; i < count && !isEnding; i++) {
    const message = new Message(TOPIC, Buffer.from(`Hello RocketMQ ${i}`), 'TagA');
    console.log(sendResultText(await producer.send(message)));
  }
  producer.shutdown();
}

async function consume(instance: MQClientInstance, _count: number, end: Promise<void>): Promise<void> {
  const config = {
    consumerGroup: 'please_rename_unique_group_name_4',
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
  } as const;
  const consumer = new DefaultMQPushConsumer(instance, config, {
    concurrently: (messages) => {
      for (const message of messages) console.log(`Receive New Message: ${messageText(message)}`);
      return 'CONSUME_SUCCESS';
    },
  });
  consumer.subscribe(TOPIC);
  await consumer.start();
  console.log('Consumer Started.');
  await end;
  await consumer.shutdown();
}

function namesrvAddrsOf(flags: CommandLine['flags']): string[] {
  const fallback = environmentNamesrvAddr() ?? '127.0.0.1:9876';
  const list = flags.has('namesrv-addr') ? (flags.get('namesrv-addr') ?? '') : fallback;
  const addresses = splitAddresses(list);
  if (addresses.every((address) => parseHostPort(address) !== undefined)) return addresses;
  throw new UsageError(`The name server is "${list}"; allowed: host:port, several with ";" between them`);
}

function countOf(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new UsageError(`--count is ${JSON.stringify(text)}; allowed: an integer from 1 up`);
}

/** As Java's client prints it (SendResult#toString). */
function sendResultText({ sendStatus, msgId, offsetMsgId, messageQueue, queueOffset }: SendResult): string {
  const { topic, brokerName, queueId } = messageQueue;
  const queue = `MessageQueue [topic=${topic}, brokerName=${brokerName}, queueId=${queueId}]`;
  return (
    `SendResult [sendStatus=${sendStatus}, msgId=${msgId}, offsetMsgId=${offsetMsgId}, messageQueue=${queue}, ` +
    `queueOffset=${queueOffset}]`
  );
}

function messageText({ queueId, queueOffset, msgId, tags, body }: MessageExt): string {
  return `[queueId=${queueId}, queueOffset=${queueOffset}, msgId=${msgId}, tags=${tags}, body=${JSON.stringify(body.toString())}]`;
}
