import { DefaultMQProducer, DefaultMQPushConsumer, MQClientInstance } from '../../lib/client/index.js';
import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import { Message } from '../../lib/common/message.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';

/**
 * Load of our client, as `java/Load.java` is that of the official one: NAMESRV TOPIC MILLIS WORK…, where a work is syncN, asyncN,
 * batchN, fillN or consumeN. Prints "begin WORK" and "end WORK MESSAGES MILLIS CPU-MILLIS".
 */
const BODY = Buffer.alloc(1024, 'a');
const FILL_BATCH = 32;

const [nameServer, topic, duration, ...works] = process.argv.slice(2) as [
  string,
  string,
  string,
  ...string[],
];
const millis = Number(duration);

for (const work of works) await run(work);

async function run(work: string): Promise<void> {
  const size = Number(work.replaceAll(/\D/g, ''));
  const instance = new MQClientInstance({
    transport: new TcpTransport({ clock: systemClock, logger: silentLogger }),
    namesrvAddrs: [nameServer],
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
  });
  try {
    if (work.startsWith('consume')) await consume(instance, work, size);
    else await send(instance, work, size);
  } finally {
    instance.shutdown();
  }
}

async function send(instance: MQClientInstance, work: string, size: number): Promise<void> {
  const producer = new DefaultMQProducer(instance, { group: `load-${work}` });
  producer.start();
  if (work.startsWith('fill')) await measure(work, () => fill(producer, size));
  else if (work.startsWith('batch')) await sendFor(work, 1, size, () => producer.sendBatch(messages(size)));
  else if (work.startsWith('async')) await sendFor(work, size, 1, () => producer.sendAsync(message()));
  else await sendFor(work, size, 1, () => producer.send(message()));
  producer.shutdown();
}

/** A closed loop of `callers`, each of which sends `count` messages at a time. */
async function sendFor(
  work: string,
  callers: number,
  count: number,
  sendOnce: () => Promise<unknown>,
): Promise<void> {
  let sent = 0;
  let isOver = false;
  const loop = async () => {
    while (!isOver) {
      await sendOnce();
      sent += count;
    }
  };
  const loops = Array.from({ length: callers }, loop);
  await sleep(millis / 2);
  await measure(work, async () => {
    const first = sent;
    await sleep(millis);
    return sent - first;
  });
  isOver = true;
  await Promise.all(loops);
}

async function fill(producer: DefaultMQProducer, count: number): Promise<number> {
  for (let sent = 0; sent < count; sent += FILL_BATCH) await producer.sendBatch(messages(FILL_BATCH));
  return count;
}

async function consume(instance: MQClientInstance, work: string, count: number): Promise<void> {
  let left = count;
  let onBegun = () => {};
  let onEnded = () => {};
  const begun = new Promise<void>((resolve) => (onBegun = resolve));
  const ended = new Promise<void>((resolve) => (onEnded = resolve));
  const config = {
    consumerGroup: `load-${process.hrtime.bigint()}`,
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
  } as const;
  const consumer = new DefaultMQPushConsumer(instance, config, {
    concurrently: (found) => {
      onBegun();
      left -= found.length;
      if (left <= 0) onEnded();
      return 'CONSUME_SUCCESS';
    },
  });
  consumer.subscribe(topic, '*');
  await consumer.start();
  await begun;
  await measure(work, async () => {
    await ended;
    return count;
  });
  await consumer.shutdown();
}

async function measure(name: string, work: () => Promise<number>): Promise<void> {
  console.log(`begin ${name}`);
  const cpu = process.cpuUsage();
  const begin = performance.now();
  const count = await work();
  const elapsed = Math.round(performance.now() - begin);
  const { user, system } = process.cpuUsage(cpu);
  console.log(`end ${name} ${count} ${elapsed} ${Math.round((user + system) / 1000)}`);
}

function message(): Message {
  return new Message(topic, BODY);
}

function messages(count: number): Message[] {
  return Array.from({ length: count }, message);
}

function sleep(delay: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delay));
}
