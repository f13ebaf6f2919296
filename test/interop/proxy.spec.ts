import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { createTopic } from '../conformance/admin-client.js';
import { TRANSACTION_TIMES } from '../conformance/transaction.suite.js';
import { freePort } from '../support/free-port.js';
import { TestClient } from '../support/test-client.js';
import { startEngine } from '../support/test-engine.js';
import { printed } from './apache-process.js';
import { clientJars, javaArguments, PROXY_JARS, runJava, workDirectory } from './java.js';

const PARTS = [
  'receive and acknowledge',
  ...['SQL92', 'retry', 'order', 'delay and recall', 'transactions', 'types of messages'],
];

/** This client has its logging under another name. */
const QUIET = {
  'logback.statusListenerClass': 'org.apache.rocketmq.shaded.ch.qos.logback.core.status.NopStatusListener',
};

const IN_ORDER = {
  groupName: 'push-fifo',
  consumeEnable: true,
  consumeBroadcastEnable: false,
  retryQueueNums: 1,
  retryMaxTimes: 16,
  notifyConsumerIdsChangedEnable: true,
  others: new Map([['consumeMessageOrderly', true]]),
};

/** Apache's proxy in front of a cluster, until the test ends; with its address for gRPC clients. */
async function startProxy(namesrvAddr: string): Promise<string> {
  const home = workDirectory();
  const grpcServerPort = await freePort();
  const configuration = {
    rocketMQClusterName: 'DefaultCluster',
    namesrvAddr,
    grpcServerPort,
    remotingListenPort: grpcServerPort + 1,
    localServeAddr: '127.0.0.1',
  };
  const file = join(home, 'rmq-proxy.json');
  writeFileSync(file, JSON.stringify(configuration));
  const main = 'org.apache.rocketmq.proxy.ProxyStartup';
  const proxy = spawn('java', [...javaArguments(home, main, { jars: PROXY_JARS }), '-pc', file], {
    env: { ...process.env, RMQ_PROXY_HOME: home, ROCKETMQ_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void proxy.kill('SIGKILL'));
  await printed(proxy, 'startup successfully');
  return `127.0.0.1:${grpcServerPort}`;
}

it(
  'gRPC clients of RocketMQ 5 work on the engine, through the proxy',
  { timeout: 300_000 },
  async ({ skip }) => {
    const grpcJars = clientJars('grpc');
    skip(
      !existsSync(grpcJars) || !existsSync(PROXY_JARS),
      'the jars of proxy or client could not be fetched',
    );
    const engine = await startEngine({
      engine: {
        listen: { nameServerPort: 0, listenPort: 0 },
        enablePropertyFilter: true,
        ...TRANSACTION_TIMES,
      },
    });
    const client = await TestClient.open(engine);
    for (const type of ['NORMAL', 'FIFO', 'DELAY', 'TRANSACTION'])
      await createTopic(client, type.toLowerCase(), { attributes: `+message.type=${type}` });
    await client.call(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, undefined, IN_ORDER);
    const options = { jars: grpcJars, system: QUIET };
    const lines = await runJava('GrpcClients', options, await startProxy(engine.namesrvAddrs[0]!));
    expect(lines).toEqual(PARTS.map((part) => `worked: ${part}`));
  },
);
