import 'reflect-metadata';
import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  RocketMQListenerRegistry,
  RocketMQMessageListener,
  RocketMQModule,
  RocketMQTemplate,
} from '../../../lib/index.js';
import { TOPIC_NAMES, TOPICS } from '../topics.js';
import type { PeerClient } from './peer-client.js';

type Handlers = Map<string, (body: Buffer) => void>;

/** A Nest application with the engine in it. The address is FLUSH-DISK-TYPE:DIRECTORY. */
export async function openEmbedded(address: string): Promise<PeerClient> {
  const handlers: Handlers = new Map();
  const application = await NestFactory.createApplicationContext(applicationOf(address, handlers), {
    logger: ['error'],
  });
  const template = application.get(RocketMQTemplate);
  const listeners = application.get(RocketMQListenerRegistry);
  return {
    publisher: async (topic) => ({
      send: (body) => template.syncSend(topic, body),
      sendBatch: (bodies) => template.syncSend(topic, bodies),
    }),
    consume: async (_topic, group, onMessage) => {
      handlers.set(group, onMessage);
      await listeners.get(group).start();
      return () => listeners.get(group).stop();
    },
    close: () => application.close(),
  };
}

function applicationOf(address: string, handlers: Handlers): Type {
  const [flushDiskType, storePathRootDir] = address.split(':') as ['SYNC_FLUSH' | 'ASYNC_FLUSH', string];
  const providers = TOPIC_NAMES.flatMap((topic) =>
    TOPICS[topic].map((group) => listenerOf(topic, group, handlers)),
  );
  @Module({ imports: [RocketMQModule.forRoot({ engine: { storePathRootDir, flushDiskType } })], providers })
  class BenchModule {}
  return BenchModule;
}

function listenerOf(topic: string, consumerGroup: string, handlers: Handlers): Type {
  @RocketMQMessageListener({
    topic,
    consumerGroup,
    messageType: Buffer,
    autoStart: false,
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
  })
  class BenchListener {
    onMessage(body: Buffer): void {
      handlers.get(consumerGroup)!(body);
    }
  }
  return BenchListener;
}
