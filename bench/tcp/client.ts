import { DefaultMQProducer, MQClientInstance } from '../../lib/client/index.js';
import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import { Message } from '../../lib/common/message.js';
import type { SerializeType } from '../../lib/remoting/codec/remoting-frame.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import { BareTcpClient } from '../limits/bare-tcp.js';
import { answerQuestions } from '../support/asked-process.js';
import { closedLoop, type Operation } from '../support/closed-loop.js';
import type { TcpPeer } from './tcp-rates.js';

/** A client in a process of its own: PEER ADDRESS SERIALIZE-TYPE MILLIS. Asked for a number it keeps so many sends in flight. */
const [peer, address, serializeType, millis] = process.argv.slice(2) as [
  TcpPeer,
  string,
  SerializeType,
  string,
];
/** Made with its first message, with as many queues as usual: Apache's own `BenchmarkTest` has 1,024. */
const TOPIC = 'BenchmarkSend';
const BODY = Buffer.alloc(1024, 'a');

async function open(): Promise<Operation> {
  if (peer === 'engine') return openProducer();
  const client = await BareTcpClient.open(Number(address), serializeType);
  return (done) => client.send(done);
}

function openProducer(): Operation {
  const instance = new MQClientInstance({
    transport: new TcpTransport({ clock: systemClock, logger: silentLogger, serializeType }),
    namesrvAddrs: [address],
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
  });
  const producer = new DefaultMQProducer(instance, { group: 'bench', sendMsgTimeout: 60_000 });
  producer.start();
  return (done) => void producer.send(new Message(TOPIC, BODY)).then(done, fail);
}

function fail(reason: unknown): never {
  console.error('A send of the benchmark failed:', reason);
  process.exit(1);
}

const send = await open();
answerQuestions('ready', async (inFlight) => ({ ...(await closedLoop(inFlight, Number(millis), send)) }));
