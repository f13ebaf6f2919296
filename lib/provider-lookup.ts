import type { Type } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { ConfigurationError } from './errors/index.js';

/**
 * A provider of any module that an option names by its class.
 *
 * @throws ConfigurationError with this text when there is none, it is request-scoped, or not what is wanted.
 */
export function lookUp<T>(
  moduleRef: ModuleRef,
  type: Type<T>,
  isWanted: (instance: T) => boolean,
  fault: string,
): T {
  let instance: T;
  try {
    instance = moduleRef.get(type, { strict: false });
  } catch (cause) {
    throw new ConfigurationError(fault, cause);
  }
  if (isWanted(instance)) return instance;
  throw new ConfigurationError(fault);
}
