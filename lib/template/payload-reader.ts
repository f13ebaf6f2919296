import { MessageExt } from '../common/message-ext.js';
import { ConfigurationError, MessageConversionError } from '../errors/index.js';
import type {
  RocketMQMessageListenerOptions,
  RocketMQMessageType,
} from '../interfaces/message-listener-options.interface.js';
import { missingPackage, typeNotBuilt, validateWithoutClass } from '../rocketmq.messages.js';
import { fromBody, parseJson } from './message-converter.js';
import type { PayloadConverter } from './payload-converter.js';

/** Makes of a message what its listener wants; throws, or rejects with, MessageConversionError when that is impossible. */
export type PayloadReader = (message: MessageExt) => unknown;

/** Types for which JSON needs no class built, and what it must be. */
const JSON_TYPES: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [Array, 'array'],
  [Number, 'number'],
  [Boolean, 'boolean'],
]);

/** What class-transformer would build of them has lost data, and nothing would say so. */
const NOT_BUILT: ReadonlySet<unknown> = new Set<unknown>([Map, Set, Date]);

export interface ReaderOptions extends Pick<RocketMQMessageListenerOptions, 'messageType' | 'validate'> {
  /** Whether JSON `null` is read as any type, since it stands for a reply that is none. Default: false. */
  readonly allowsNull?: boolean;
}

/**
 * The reader of a `messageType`, by the name that errors give it.
 *
 * @throws ConfigurationError when a package is missing that it needs, or nothing can read the type.
 */
export async function createPayloadReader(
  name: string,
  { messageType, validate = false, allowsNull = false }: ReaderOptions,
  payloads: PayloadConverter,
): Promise<PayloadReader> {
  const isClass = messageType !== undefined && !READERS.has(messageType) && !JSON_TYPES.has(messageType);
  if (validate && !isClass) throw new ConfigurationError(validateWithoutClass(name));
  const isAsked = payloads.hasReader && messageType !== MessageExt;
  if (NOT_BUILT.has(messageType) && !isAsked)
    throw new ConfigurationError(typeNotBuilt(name, messageType!.name));
  const plain = isClass
    ? await classReader(messageType as new () => object, name, allowsNull)
    : readerOf(messageType, allowsNull);
  const read = isAsked ? (message: MessageExt) => payloads.fromBody(message, messageType, plain) : plain;
  return validate ? validatingReader(read, messageType!.name, name, allowsNull) : read;
}

function readerOf(messageType: RocketMQMessageType | undefined, allowsNull: boolean): PayloadReader {
  if (messageType === undefined) return fromBody;
  return READERS.get(messageType) ?? jsonReader(messageType, JSON_TYPES.get(messageType)!, allowsNull);
}

/** For what the converter leaves over. */
function refuse({ name }: RocketMQMessageType): PayloadReader {
  return (message) => {
    throw new MessageConversionError(notValid(message, name, 'only a messageConverter makes one'));
  };
}

function jsonReader({ name }: RocketMQMessageType, wanted: string, allowsNull: boolean): PayloadReader {
  return (message) => {
    const value = parseJson(message);
    if (kindOf(value) === wanted || (allowsNull && value === null)) return value;
    throw new MessageConversionError(notValid(message, name, `it is no ${wanted}`));
  };
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function notValid({ msgId, topic }: MessageExt, typeName: string, reason: string): string {
  return `Message ${msgId} of topic ${topic} is no valid ${typeName}: ${reason}`;
}

const READERS: ReadonlyMap<RocketMQMessageType, PayloadReader> = new Map<RocketMQMessageType, PayloadReader>([
  [MessageExt, (message) => message],
  [Buffer, (message) => message.body],
  [String, (message) => message.body.toString('utf8')],
  [Object, parseJson],
]);

async function classReader(
  type: new () => object,
  listener: string,
  allowsNull: boolean,
): Promise<PayloadReader> {
  if (NOT_BUILT.has(type)) return refuse(type);
  const { plainToInstance } = await optionalImport(
    () => import('class-transformer'),
    'class-transformer',
    listener,
    'messageType',
  );
  const read = jsonReader(type, 'object', allowsNull);
  return (message) => plainToInstance(type, read(message));
}

async function validatingReader(
  read: PayloadReader,
  typeName: string,
  listener: string,
  allowsNull: boolean,
): Promise<PayloadReader> {
  const validator = await optionalImport(
    () => import('class-validator'),
    'class-validator',
    listener,
    'validate',
  );
  return async (message) => {
    const payload = await read(message);
    if (allowsNull && payload === null) return payload;
    const faults = typeof payload === 'object' && payload !== null ? await validator.validate(payload) : [];
    if (faults.length === 0 && typeof payload === 'object' && payload !== null) return payload;
    const details = faults
      .map((fault) => fault.toString())
      .join(' ')
      .trim();
    throw new MessageConversionError(notValid(message, typeName, details || 'it is no object'));
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
