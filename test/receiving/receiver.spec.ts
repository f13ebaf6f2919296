import { expect, it, onTestFinished } from 'vitest';
import { Receiver } from '../../lib/receiving/receiver.js';
import { RocketMQPullConsumers } from '../../lib/receiving/rocketmq-pull-consumers.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { PayloadConverter } from '../../lib/template/payload-converter.js';
import { FaultyTransport } from '../support/faulty-transport.js';
import { startInstance } from '../support/test-peers.js';
import { TestClient } from '../support/test-client.js';
import { startEngine } from '../support/test-engine.js';

it('a message that cannot be read is received again, although the broker says no more than messages', async () => {
  const engine = await startEngine();
  const client = await TestClient.open(engine);
  await client.send('orders', { body: 'no JSON' });
  const transport = new FaultyTransport(engine.connect());
  const instance = startInstance(engine, { transport });
  const consumers = new RocketMQPullConsumers(instance, () => instance);
  onTestFinished(() => consumers.beforeApplicationShutdown());
  const options = { group: 'g', topic: 'orders', consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' } as const;
  const receiver = new Receiver(consumers, options, new PayloadConverter(false));
  await receiver.start();
  for (const code of [RequestCode.GET_MIN_OFFSET, RequestCode.GET_MAX_OFFSET]) transport.failing.add(code);
  await expect(receiver.receive(Number, { timeout: 10_000 })).rejects.toThrow('is not JSON');
  expect(await receiver.receive(String, { timeout: 10_000 })).toEqual(['no JSON']);
});
