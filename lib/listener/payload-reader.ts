import { MessageExt } from '../common/message-ext.js';
import { ConfigurationError, MessageConversionError } from '../errors/index.js';
import type {
  RocketMQMessageListenerOptions,
  RocketMQMessageType,
} from '../interfaces/message-listener-options.interface.js';
import { missingPackage, validateWithoutClass } from '../rocketmq.messages.js';
import { fromBody, parseJson } from '../template/message-converter.js';
import type { PayloadConverter } from '../template/payload-converter.js';
import type { ListenerEndpoint } from './listener-endpoint.js';

/** Makes of a message what its listener wants; throws, or rejects with, MessageConversionError when that is impossible. */
export type PayloadReader = (message: MessageExt) => unknown;

/** Types for which JSON needs no class built. */
const JSON_TYPES: ReadonlySet<unknown> = new Set([Object, Array, Number, Boolean]);

/**
 * The reader of a listener's `messageType`.
 *
 * @throws ConfigurationError when a package is missing that it needs.
 */
export async function createPayloadReader({
  name,
  options,
  payloads,
}: ListenerEndpoint): Promise<PayloadReader> {
  return createReader(`Listener ${name}`, options, payloads);
}

/** As {@link createPayloadReader}, of a reader that errors name otherwise. */
export async function createReader(
  name: string,
  { messageType, validate = false }: Pick<RocketMQMessageListenerOptions, 'messageType' | 'validate'>,
  payloads: PayloadConverter,
): Promise<PayloadReader> {
  const isClass = messageType !== undefined && !READERS.has(messageType) && !JSON_TYPES.has(messageType);
  if (validate && !isClass) throw new ConfigurationError(validateWithoutClass(name));
  const plain = isClass ? await classReader(messageType as new () => object, name) : readerOf(messageType);
  const isAsked = payloads.hasReader && messageType !== MessageExt;
  const read = isAsked ? (message: MessageExt) => payloads.fromBody(message, messageType, plain) : plain;
  return validate ? validatingReader(read, messageType!.name, name) : read;
}

function readerOf(messageType: RocketMQMessageType | undefined): PayloadReader {
  return messageType === undefined ? fromBody : (READERS.get(messageType) ?? parseJson);
}

const READERS: ReadonlyMap<RocketMQMessageType, PayloadReader> = new Map<RocketMQMessageType, PayloadReader>([
  [MessageExt, (message) => message],
  [Buffer, (message) => message.body],
  [String, (message) => message.body.toString('utf8')],
]);

async function classReader(type: new () => object, listener: string): Promise<PayloadReader> {
  const { plainToInstance } = await optionalImport(
    () => import('class-transformer'),
    'class-transformer',
    listener,
    'messageType',
  );
  return (message) => plainToInstance(type, parseJson(message));
}

async function validatingReader(
  read: PayloadReader,
  typeName: string,
  listener: string,
): Promise<PayloadReader> {
  const validator = await optionalImport(
    () => import('class-validator'),
    'class-validator',
    listener,
    'validate',
  );
  return async (message) => {
    const payload = await read(message);
    const faults = typeof payload === 'object' && payload !== null ? await validator.validate(payload) : [];
    if (faults.length === 0 && typeof payload === 'object' && payload !== null) return payload;
    const details = faults
      .map((fault) => fault.toString())
      .join(' ')
      .trim();
    throw new MessageConversionError(
      `Message ${message.msgId} of topic ${message.topic} is no valid ${typeName}: ${details || 'it is no object'}`,
    );
  };
}

async function optionalImport<T>(
  load: () => Promise<T>,
  name: string,
  listener: string,
  option: string,
): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new ConfigurationError(missingPackage(name, listener, option), cause);
  }
}
