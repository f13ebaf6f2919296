import { EmbeddedEngine } from '../../lib/engine/index.js';
import type { SerializeType } from '../../lib/remoting/codec/remoting-frame.js';
import type { LevelOptions } from '../levels.js';
import { BareStore, bareFlush } from '../limits/bare-store.js';
import { BareTcpServer } from '../limits/bare-tcp.js';
import { answerQuestions } from '../support/asked-process.js';
import type { TcpPeer } from './tcp-rates.js';

/** A server in a process of its own: PEER DIRECTORY FLUSH-DISK-TYPE SERIALIZE-TYPE. Greets with the port for clients. */
const [peer, directory, flushDiskType, serializeType] = process.argv.slice(2) as [
  TcpPeer,
  string,
  LevelOptions['flushDiskType'],
  SerializeType,
];

async function listen(): Promise<number | string> {
  if (peer === 'engine') return listenAsEngine();
  const flush = flushDiskType === 'SYNC_FLUSH' ? bareFlush(0) : undefined;
  return new BareTcpServer(new BareStore(directory, flush, peer === 'growing'), serializeType).listen();
}

async function listenAsEngine(): Promise<string> {
  const listen = { nameServerPort: 0, listenPort: 0 };
  const engine = new EmbeddedEngine({
    storePathRootDir: directory,
    flushDiskType,
    listen,
    defaultTopicQueueNums: 8,
  });
  await engine.start();
  return engine.listenAddress!;
}

answerQuestions(String(await listen()), async () => 0);
