import { DefaultMQPushConsumer, MQClientInstance, type ConsumerConfig } from '../../lib/client/index.js';
import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import type { MessageExt } from '../../lib/common/message-ext.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import type { ConsumerOrder, ConsumerReport } from './consumer-process.js';

/** What a consumer process runs: a consumer that reports what it is given. */
const report = (line: ConsumerReport) => process.send!(line);

function take(messages: readonly MessageExt[]): 'CONSUME_SUCCESS' {
  for (const { brokerName, queueId, body } of messages) {
    report({ kind: 'consumed', queue: `${brokerName}/${queueId}`, body: body.toString() });
  }
  return 'CONSUME_SUCCESS';
}

async function start({ namesrvAddr, topic, group, orderly, broadcasting }: ConsumerOrder) {
  const instance = new MQClientInstance({
    transport: new TcpTransport({ clock: systemClock, logger: silentLogger }),
    namesrvAddrs: [namesrvAddr],
    config: { rebalanceInterval: 1000 },
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
  });
  const config: Partial<ConsumerConfig> = {
    consumerGroup: group,
    messageModel: broadcasting ? 'BROADCASTING' : 'CLUSTERING',
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
  };
  const listener = orderly
    ? { orderly: (messages: readonly MessageExt[]) => (take(messages), 'SUCCESS' as const) }
    : { concurrently: take };
  const consumer = new DefaultMQPushConsumer(instance, config, listener);
  consumer.subscribe(topic);
  await consumer.start();
  report({ kind: 'started' });
  return async () => {
    await consumer.shutdown();
    instance.shutdown();
    process.exit(0);
  };
}

let stop: Promise<() => Promise<void>> | undefined;
process.on('message', (order: ConsumerOrder | 'stop') => {
  if (order === 'stop') void stop?.then((end) => end());
  else stop = start(order);
});
