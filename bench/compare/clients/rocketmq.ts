import { DefaultMQProducer, DefaultMQPushConsumer, MQClientInstance } from '../../../lib/client/index.js';
import { systemClock } from '../../../lib/common/clock.js';
import { silentLogger } from '../../../lib/common/logger.js';
import { Message } from '../../../lib/common/message.js';
import { TcpTransport } from '../../../lib/remoting/transport/tcp-transport.js';
import type { PeerClient, Publisher } from './peer-client.js';

/** Our client over TCP. */
export async function openRocketMQ(nameServer: string): Promise<PeerClient> {
  const instance = new MQClientInstance({
    transport: new TcpTransport({ clock: systemClock, logger: silentLogger }),
    namesrvAddrs: [nameServer],
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
  });
  let producers = 0;
  let consumers = 0;
  return {
    publisher: async (topic) =>
      publisherOf(new DefaultMQProducer(instance, { group: `${topic}-${producers++}` }), topic),
    consume: async (topic, group, onMessage) => {
      // A group of its own each time: a work may be repeated.
      const consumerGroup = `${group}-${consumers++}`;
      const consumer = new DefaultMQPushConsumer(
        instance,
        { consumerGroup, consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' },
        {
          concurrently: (messages) => {
            for (const { body } of messages) onMessage(body);
            return 'CONSUME_SUCCESS';
          },
        },
      );
      consumer.subscribe(topic, '*');
      await consumer.start();
      return async () => {
        await consumer.shutdown();
      };
    },
    close: async () => instance.shutdown(),
  };
}

function publisherOf(producer: DefaultMQProducer, topic: string): Publisher {
  producer.start();
  return {
    send: (body) => producer.send(new Message(topic, body)),
    sendBatch: (bodies) => producer.sendBatch(bodies.map((body) => new Message(topic, body))),
  };
}
