import { Injectable } from '@nestjs/common';
import { MQClientError } from '../errors/index.js';
import type { RocketMQListenerHandle } from '../interfaces/listener-handle.interface.js';
import { unknownListenerGroup } from '../rocketmq.messages.js';

/**
 * The listeners of the application by their consumer group. It is filled when the application has started
 * (`onApplicationBootstrap`).
 *
 * @publicApi
 */
@Injectable()
export class RocketMQListenerRegistry {
  private readonly handles = new Map<string, RocketMQListenerHandle>();

  list(): RocketMQListenerHandle[] {
    return [...this.handles.values()];
  }

  /** @throws MQClientError, which names the groups that there are, when there is no such group. */
  get(group: string): RocketMQListenerHandle {
    const handle = this.handles.get(group);
    if (handle === undefined) throw new MQClientError(unknownListenerGroup(group, [...this.handles.keys()]));
    return handle;
  }

  /** @internal */
  add(handle: RocketMQListenerHandle): void {
    this.handles.set(handle.group, handle);
  }
}
