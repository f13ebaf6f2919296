/**
 * A payload with headers, as {@link MessageBuilder} makes it.
 *
 * @publicApi
 */
export class GenericMessage<T = unknown> {
  constructor(
    readonly payload: T,
    readonly headers: ReadonlyMap<string, unknown>,
  ) {}
}

/**
 * Builds a message with headers: `MessageBuilder.withPayload(order).setHeader(RocketMQHeaders.KEYS, order.id).build()`.
 *
 * @publicApi
 */
export class MessageBuilder<T> {
  private readonly headers = new Map<string, unknown>();

  private constructor(private readonly payload: T) {}

  static withPayload<T>(payload: T): MessageBuilder<T> {
    return new MessageBuilder(payload);
  }

  /** Sets a header; `null` and `undefined` take it away. */
  setHeader(name: string, value: unknown): this {
    if (value === undefined || value === null) this.headers.delete(name);
    else this.headers.set(name, value);
    return this;
  }

  copyHeaders(headers: Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>): this {
    const entries = headers instanceof Map ? headers : Object.entries(headers);
    for (const [name, value] of entries) this.setHeader(name, value);
    return this;
  }

  build(): GenericMessage<T> {
    return new GenericMessage(this.payload, new Map(this.headers));
  }
}
