import { ConfigurationError } from '../../errors/configuration.error.js';
import type { AllocateMessageQueueStrategy } from '../../common/allocate/allocate-message-queue-strategy.js';

/**
 * The queues of the brokers in certain machine rooms, in runs; a broker is in room `a` when its name is `a@name`
 * (AllocateMessageQueueByMachineRoom). Queues of other brokers belong to nobody.
 *
 * @param consumeridcs the rooms, the same in all members.
 * @throws ConfigurationError when there is none.
 * @publicApi
 */
export function allocateMessageQueueByMachineRoom(
  consumeridcs: readonly string[],
): AllocateMessageQueueStrategy {
  const rooms = new Set(consumeridcs);
  if (rooms.size === 0) throw new ConfigurationError('consumeridcs is empty: name at least one machine room');
  return {
    name: 'MACHINE_ROOM',
    allocate(currentCID, mqAll, cidAll) {
      const index = cidAll.indexOf(currentCID);
      if (index < 0) return [];
      const queues = mqAll.filter(({ brokerName }) => rooms.has(roomOf(brokerName)!));
      const share = Math.floor(queues.length / cidAll.length);
      const rest = queues.slice(share * cidAll.length);
      return [...queues.slice(index * share, (index + 1) * share), ...rest.slice(index, index + 1)];
    },
  };
}

/** Java's `split` leaves out empty parts at the end. */
function roomOf(brokerName: string): string | undefined {
  const [room, name, ...others] = brokerName.split('@');
  return name === undefined || name === '' || others.some((part) => part !== '') ? undefined : room;
}
