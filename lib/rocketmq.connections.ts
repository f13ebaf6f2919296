import type { OnApplicationShutdown } from '@nestjs/common';
import { concat, defer, from, Subject, type Observable } from 'rxjs';
import type { ConnectionStatus, MQClientInstance } from './client/index.js';

/**
 * A connection to a name server or broker: `address` (`host:port`), `role` (`nameServer` or `broker`), `state` (`connected`,
 * `disconnected` or `reconnecting`), and the `error` because of which it is disconnected.
 *
 * @publicApi
 */
export type RocketMQConnectionStatus = ConnectionStatus;

/**
 * The connections of the application to its RocketMQ cluster; injectable. There are none when the engine runs in this
 * process.
 *
 * @publicApi
 */
export class RocketMQConnections implements OnApplicationShutdown {
  /** Every connection as it is, then every change; completes when the application ends. */
  readonly status: Observable<RocketMQConnectionStatus>;
  private readonly changes = new Subject<RocketMQConnectionStatus>();

  constructor(private readonly instances: readonly MQClientInstance[]) {
    this.status = defer(() => concat(from(this.current), this.changes));
    for (const instance of instances) instance.onConnectionStatus((status) => this.changes.next(status));
  }

  /** Every connection as it is. */
  get current(): readonly RocketMQConnectionStatus[] {
    return this.instances.flatMap((instance) => instance.connectionStatuses());
  }

  onApplicationShutdown(): void {
    this.changes.complete();
  }
}
