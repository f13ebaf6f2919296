import type { RocketMQError } from '../../errors/rocketmq.error.js';

/** `reconnecting`: tried again since it was lost, or could not be made; further failures are not told. */
export type ConnectionState = 'connected' | 'disconnected' | 'reconnecting';

/** What became of the connection to a server. */
export interface ConnectionChange {
  readonly address: string;
  readonly state: ConnectionState;
  /** Why it is disconnected; none when nobody used it for two minutes. */
  readonly error?: RocketMQError;
}
