import type { Message } from '../common/message.js';
import { MessageConversionError } from '../errors/index.js';
import type {
  RocketMQConvertedPayload,
  RocketMQMessageConverter,
} from '../interfaces/message-converter.interface.js';
import type { RocketMQMessageType } from '../interfaces/message-listener-options.interface.js';
import { fromBody, toBody, type ConvertedPayload } from './message-converter.js';

/** Whether a provider is one. */
export function isMessageConverter(instance: RocketMQMessageConverter | undefined): boolean {
  return typeof instance?.toBody === 'function' || typeof instance?.fromBody === 'function';
}

/** Payloads as bodies and back: as the converter of the application says, else as rocketmq-spring's. */
export class PayloadConverter {
  constructor(
    private readonly isSpringCompatible: boolean,
    private custom?: RocketMQMessageConverter,
  ) {}

  /** Whether reading is not left to the content type alone. */
  get hasReader(): boolean {
    return this.custom?.fromBody !== undefined;
  }

  /** The converter of the module, which is known when all providers are made. */
  use(custom: RocketMQMessageConverter): void {
    this.custom = custom;
  }

  /** The same with the converter of a listener. */
  with(custom: RocketMQMessageConverter): PayloadConverter {
    return new PayloadConverter(this.isSpringCompatible, custom);
  }

  /**
   * @param asked the header, which counts when it is a text.
   * @throws MessageConversionError when it has no JSON form, or the converter fails.
   */
  toBody(payload: unknown, asked: unknown): ConvertedPayload {
    const contentType = typeof asked === 'string' ? asked : undefined;
    const converted = this.custom?.toBody === undefined ? undefined : this.ask(payload, contentType);
    return converted ?? toBody(payload, contentType, this.isSpringCompatible);
  }

  /** What is read as `type`: by the converter, else by `read`. */
  fromBody<M extends Message>(
    message: M,
    type: RocketMQMessageType | undefined,
    read: (message: M) => unknown = fromBody,
  ): unknown {
    const payload = this.custom?.fromBody?.(message, type);
    if (payload instanceof Promise)
      return payload.then((value: unknown) => (value === undefined ? read(message) : value));
    return payload === undefined ? read(message) : payload;
  }

  private ask(payload: unknown, contentType: string | undefined): ConvertedPayload | undefined {
    let converted: RocketMQConvertedPayload | undefined;
    try {
      converted = this.custom!.toBody!(payload, contentType);
    } catch (cause) {
      throw this.fault(`failed: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
    }
    if (converted === undefined) return undefined;
    const { body, contentType: type } = converted;
    if (!(body instanceof Uint8Array) || typeof type !== 'string')
      throw this.fault('returned something else than { body: bytes, contentType: text }, or undefined');
    return { body: toBody(body, type, false).body, contentType: type };
  }

  private fault(text: string, cause?: unknown): MessageConversionError {
    return new MessageConversionError(
      `The message converter ${this.custom!.constructor.name} ${text}`,
      cause,
    );
  }
}
