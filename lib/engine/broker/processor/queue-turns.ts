import { nextTurn, type Clock } from '../../../common/clock.js';

/** Queues that one turn of the event loop looks at: of each up to three records may have to come from the disk. */
const QUEUES_OF_A_TURN = 32;

/** Spreads an answer about many queues over turns of the event loop. */
export class QueueTurns {
  private queues = 0;

  constructor(private readonly clock: Clock) {}

  /** Waited for before each queue. */
  next(): Promise<void> | undefined {
    return ++this.queues % QUEUES_OF_A_TURN === 0 ? nextTurn(this.clock) : undefined;
  }
}
