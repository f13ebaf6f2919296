import type { SocketHost } from '../../common/socket-host.js';

/** A message on its way into the store (MessageExtBrokerInner). It is read before `putMessage` returns, then no more. */
export interface MessageExtBrokerInner {
  readonly topic: string;
  readonly queueId: number;
  readonly flag: number;
  readonly sysFlag: number;
  readonly bornTimestamp: number;
  readonly bornHost: SocketHost;
  readonly storeHost: SocketHost;
  readonly reconsumeTimes: number;
  readonly preparedTransactionOffset: number;
  readonly body: Buffer;
  readonly properties: ReadonlyMap<string, string>;
  /** More properties in their text form, behind `properties`: what a broker adds to every message. */
  readonly brokerProperties: Buffer;
}
