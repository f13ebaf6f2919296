import type { ProducerConfig } from '../../lib/client/index.js';
import { routeOf, ScriptedTransport } from './scripted-transport.js';
import { startProducer } from './test-peers.js';
import { VirtualClock } from './virtual-clock.js';

/** A producer for the topic `t` of two brokers, which a test answers for. */
export function openProducer(producer: Partial<ProducerConfig> = {}) {
  const clock = new VirtualClock();
  const transport = new ScriptedTransport();
  const cluster = { namesrvAddrs: ['ns:1'], connect: () => transport, close: async () => {} };
  transport.routes.set('t', routeOf(2, 'a', 'b'));
  return { clock, transport, producer: startProducer(cluster, { clock, producer }) };
}
