import type { TopicRouteData } from '../../remoting/body/topic-route-data.js';

/** What the queues of a topic were shared out by. */
export interface Basis {
  readonly route: TopicRouteData;
  /** Names of its brokers, joined. */
  readonly brokers: string;
  readonly members: string;
}

/** Of a broker. */
export interface Answer {
  readonly address: string;
  readonly members: readonly string[];
}

export const NO_ANSWER: Answer = { address: '', members: [] };

/** For the members of the group. */
export interface Question {
  readonly answer: Promise<Answer>;
  /** Joined, when they are known. */
  members?: string;
  /** Those of the last answer that there was. */
  known: readonly string[];
}

/** Questions of one round, by the brokers that were asked. */
export type Round = Map<string, Question>;
