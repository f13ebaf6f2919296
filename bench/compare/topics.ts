/** Of the work with ten producers and ten groups. */
export const FAN_GROUPS = Array.from({ length: 10 }, (_, number) => `fan-${number}`);

/** The topics of the works, with the consumer groups that get every message of them. */
export const TOPICS = {
  load: ['load'],
  backlog: ['backlog'],
  latency: ['latency'],
  fan: FAN_GROUPS,
} as const satisfies Record<string, readonly string[]>;

export type Topic = keyof typeof TOPICS;

export const TOPIC_NAMES = Object.keys(TOPICS) as Topic[];
