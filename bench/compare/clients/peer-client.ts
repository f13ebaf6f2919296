import type { Topic } from '../topics.js';

/** A peer through its own client, as its documentation recommends to use it. Topics and groups are those of `TOPICS`. */
export interface PeerClient {
  /** A producer of its own where the client has such a thing. */
  publisher(topic: Topic): Promise<Publisher>;
  /** Begins with what was there before, and acknowledges what `onMessage` has returned from. Ends the consuming. */
  consume(topic: Topic, group: string, onMessage: (body: Buffer) => void): Promise<() => Promise<void>>;
  /** Throws away what nobody has consumed; not there where messages stay anyway, consumed or not. */
  purge?(topic: Topic): Promise<unknown>;
  close(): Promise<void>;
}

/** Both are settled when the message is acknowledged. */
export interface Publisher {
  readonly send: (body: Buffer) => Promise<unknown>;
  /** Not there where the peer has no batches. */
  readonly sendBatch?: (bodies: readonly Buffer[]) => Promise<unknown>;
}
