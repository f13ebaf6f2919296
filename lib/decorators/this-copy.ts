import { SetMetadata } from '@nestjs/common';
import { ConfigurationError } from '../errors/index.js';
import { otherCopy } from '../rocketmq.messages.js';

const COPY_METADATA = 'rocketmq:copy_metadata';
const THIS_COPY = Symbol('nestjs-rocketmq');

/** Notes by which copy of the package a class or method was decorated. */
export const ofThisCopy = SetMetadata(COPY_METADATA, THIS_COPY);

/**
 * Outcomes, messages and errors that a listener imports from another copy of the package are of other classes: what they say would be lost.
 *
 * @throws ConfigurationError when another copy decorated the listener.
 */
export function checkCopy(decorated: object, listener: string): void {
  const copy: unknown = Reflect.getMetadata(COPY_METADATA, decorated);
  if (copy !== undefined && copy !== THIS_COPY) throw new ConfigurationError(otherCopy(listener));
}
