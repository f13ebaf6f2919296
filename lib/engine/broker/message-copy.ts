import type { MessageExt } from '../../common/message-ext.js';
import { MessageSysFlag } from '../../common/message-sys-flag.js';
import { parseSocketHost, type SocketHost } from '../../common/socket-host.js';
import { NO_BYTES } from '../../common/no-bytes.js';
import type { MessageExtBrokerInner } from '../store/message-ext-broker-inner.js';

/** The encoder sets them from the hosts. */
const HOST_FLAGS = MessageSysFlag.BORNHOST_V6 | MessageSysFlag.STOREHOST_V6;

/** A stored message, to be stored again in another queue; it keeps its body, sender and times. */
export function copyOf(
  message: MessageExt,
  target: {
    readonly topic: string;
    readonly queueId: number;
    readonly properties: ReadonlyMap<string, string>;
    readonly reconsumeTimes: number;
    readonly storeHost: SocketHost;
  },
): MessageExtBrokerInner {
  return {
    ...target,
    flag: message.flag,
    sysFlag: message.sysFlag & ~HOST_FLAGS,
    bornTimestamp: message.bornTimestamp,
    bornHost: parseSocketHost(message.bornHost),
    preparedTransactionOffset: 0,
    body: message.storedBody,
    brokerProperties: NO_BYTES,
  };
}
