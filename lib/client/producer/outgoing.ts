import type { Message } from '../../common/message.js';
import type { MessageBatch } from '../../remoting/body/message-batch.js';

/**
 * What is sent: the same in every attempt. A class, as V8 makes literals that survived once in memory for old objects from then
 * on, and with them everything that they refer to becomes old.
 */
export class Outgoing {
  constructor(
    /** Of a batch the message that stands for all. */
    readonly message: Message,
    /** With the namespace, if there is one. */
    readonly topic: string,
    readonly body: Buffer | MessageBatch,
    readonly sysFlag: number,
    readonly properties: ReadonlyMap<string, string>,
    /** What the sender sees as the id; of a batch all of them. */
    readonly msgId: string,
    readonly isBatch: boolean,
    /** When the sender called, in the time of `Clock.monotonicNow`; the search for the route counts towards the timeout too. */
    readonly startedAt: number,
  ) {}
}
