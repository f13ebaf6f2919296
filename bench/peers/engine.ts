import { EmbeddedEngine } from '../../lib/engine/index.js';

/** The engine in a process of its own: STORE FLUSH-DISK-TYPE. Prints where its name server is. */
const [storePathRootDir, flushDiskType] = process.argv.slice(2) as [string, 'SYNC_FLUSH' | 'ASYNC_FLUSH'];
const listen = { nameServerPort: 0, listenPort: 0 };
const engine = new EmbeddedEngine({ storePathRootDir, flushDiskType, listen, defaultTopicQueueNums: 8 });
await engine.start();
console.log(`ready ${engine.listenAddress}`);
