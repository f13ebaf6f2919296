import type { PeerClient } from './clients/peer-client.js';

/** What a work came to, as it is printed: numbers by their names. */
export type Figures = Readonly<Record<string, number>> & {
  readonly messages: number;
  readonly millis: number;
};

export interface WorkOptions {
  /** The number in the name of the work. */
  readonly size: number;
  /** How long a work goes on that has no number of messages. */
  readonly millis: number;
  /** When the client began to connect. */
  readonly openedAt: number;
}

/** Calls `measured` once, around what is to be measured, after whatever is needed to be warm. */
export type Work = (client: PeerClient, options: WorkOptions, measured: Measure) => Promise<void>;
export type Measure = (work: () => Promise<Figures>) => Promise<Figures>;

export const BODY = Buffer.alloc(1024, 'a');

export function fail(reason: unknown): never {
  console.error('A send of the benchmark failed:', reason);
  process.exit(1);
}
