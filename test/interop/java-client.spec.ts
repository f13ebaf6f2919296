import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TRANSACTION_TIMES } from '../conformance/transaction.suite.js';
import { startEngine } from '../support/test-engine.js';
import { clientJars, JARS, runJava, type SystemProperties } from './java.js';

/** A program of `java/`, and what works in it. */
const PROGRAMS = {
  Clients: ['send', 'query', 'batch', 'async', 'consume', 'broadcast', 'retry'],
  SqlConsumer: ['consume', 'refuse'],
  LitePull: ['subscribe', 'commit', 'assign', 'seek', 'committed'],
  RequestReply: ['request', 'asynchronous request', 'timeout'],
  Transactions: ['commit', 'check', 'commit after a check', 'check after an error', 'rollback'],
  AdminClient: ['create topic', 'topic stats', 'consume stats', 'reset offset', 'delete topic'],
};

interface Client {
  readonly name: string;
  readonly jars: string;
  readonly system: SystemProperties;
}

/** Its older clients use the headers that they have by default. */
const CLIENTS: readonly Client[] = [
  { name: 'with headers as JSON', jars: JARS, system: { 'rocketmq.serialize.type': 'JSON' } },
  { name: 'with headers as ROCKETMQ', jars: JARS, system: { 'rocketmq.serialize.type': 'ROCKETMQ' } },
  { name: 'of version 5.3.0', jars: clientJars('5.3.0'), system: {} },
  { name: 'of version 4.9.8', jars: clientJars('4.9.8'), system: {} },
];

const hasAdminClient = (jars: string) => readdirSync(jars).some((jar) => jar.startsWith('rocketmq-tools-'));

/** Instead of 20 s, in which a new retry topic would not be consumed. */
const SOON = { 'rocketmq.client.rebalance.waitInterval': '1000' };

describe.each(CLIENTS)('the official Java client $name', ({ jars, system }) => {
  it.for(Object.entries(PROGRAMS))(
    'works on the engine: %s',
    { timeout: 180_000 },
    async ([program, parts], { skip }) => {
      skip(!existsSync(jars), 'its jars could not be fetched');
      skip(
        program === 'RequestReply' && jars === JARS,
        'its request() fails at once (issue 9608 of RocketMQ)',
      );
      skip(program === 'AdminClient' && !hasAdminClient(jars), 'the tools of this version are not published');
      const engine = await startEngine({
        engine: { listen: { nameServerPort: 0, listenPort: 0 }, ...TRANSACTION_TIMES },
      });
      const lines = await runJava(program, { jars, system: { ...SOON, ...system } }, engine.namesrvAddrs[0]!);
      const worked = lines.filter((line) => line.startsWith('worked: '));
      expect(worked).toEqual(parts.map((part) => `worked: ${part}`));
    },
  );
});
