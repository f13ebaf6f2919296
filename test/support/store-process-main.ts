import { DefaultMessageStore } from '../../lib/engine/store/default-message-store.js';
import {
  resolveMessageStoreConfig,
  type MessageStoreConfig,
} from '../../lib/engine/store/message-store-config.js';
import { systemClock } from '../../lib/common/clock.js';
import { nodeFileSystem } from '../../lib/common/node-file-system.js';
import type { StoreLockedError } from '../../lib/errors/store.error.js';
import { bodyOf, type Ledger, type Order } from './store-process-protocol.js';

const MAX_IN_FLIGHT = 64;
const HOST = { address: Buffer.from([127, 0, 0, 1]), port: 10_911 };
const silent = { log: () => {}, warn: () => {}, error: () => {} };

/** Tells the parent; it reads what was sent before a kill. */
function tell(line: Ledger): void {
  process.send!(line);
}

function open(config: Partial<MessageStoreConfig>): DefaultMessageStore | undefined {
  const environment = {
    fileSystem: nodeFileSystem,
    clock: systemClock,
    logger: silent,
    onArriving: () => {},
  };
  const store = new DefaultMessageStore({ config: resolveMessageStoreConfig(config), ...environment });
  try {
    store.open();
    tell({ kind: 'opened' });
    return store;
  } catch (error) {
    const { message, ownerPid } = error as StoreLockedError;
    tell({ kind: 'refused', message, ...(ownerPid === undefined ? {} : { ownerPid }) });
    process.disconnect();
    return undefined;
  }
}

/** Puts messages without end, always many at once. */
class Load {
  private next = 0;

  constructor(
    private readonly store: DefaultMessageStore,
    private readonly prefix: string,
  ) {}

  start(): void {
    for (let i = 0; i < MAX_IN_FLIGHT; i++) this.put();
  }

  private put(): void {
    const id = `${this.prefix}-${this.next++}`;
    const message = {
      ...{ topic: 'TopicA', queueId: this.next % 3, flag: 0, sysFlag: 0, bornTimestamp: 0 },
      ...{ bornHost: HOST, storeHost: HOST, reconsumeTimes: 0, preparedTransactionOffset: 0 },
      body: bodyOf(id),
      properties: new Map([['UNIQ_KEY', id]]),
      brokerProperties: Buffer.alloc(0),
    };
    this.store.putMessage(message, {
      onPut: (status) => {
        if (status !== 'PUT_OK') throw new Error(status);
        tell({ kind: 'acknowledged', id });
        setImmediate(() => this.put());
      },
    });
  }
}

process.on('message', (order: Order) => {
  const store = open(order.config);
  if (store !== undefined && order.load !== undefined) new Load(store, order.load).start();
});
