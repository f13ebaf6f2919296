export interface RocketMQErrorOptions {
  cause?: unknown;
  /** RocketMQ's response code, or its client error code (13, 10004, …). */
  responseCode?: number;
  /** Whether the same call may succeed later without a change. */
  retryable?: boolean;
  /** The topic of a send that failed. */
  topic?: string;
  /** The broker that refused, or that the failed send went to last. */
  broker?: string | undefined;
}

/** Every error that this package throws on purpose. `code` names the kind and is stable. */
export class RocketMQError extends Error {
  readonly responseCode?: number;
  readonly retryable: boolean;
  /** The topic of a send that failed. */
  readonly topic?: string;
  /** The broker that refused, or that the failed send went to last. */
  readonly broker?: string;

  constructor(
    readonly code: string,
    message: string,
    options: RocketMQErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.retryable = options.retryable ?? false;
    if (options.responseCode !== undefined) this.responseCode = options.responseCode;
    if (options.topic !== undefined) this.topic = options.topic;
    if (options.broker !== undefined) this.broker = options.broker;
  }
}
