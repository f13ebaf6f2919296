import {
  parseFastjson,
  type FastjsonInput,
  type FastjsonObject,
  type FastjsonValue,
} from '../../common/fastjson.js';
import { RemotingCodecError } from '../../errors/remoting-codec.error.js';

/** How values of one kind stand in a JSON body, as tolerant to what is read as fastjson is. */
export interface JsonType<T> {
  /**
   * Reads a value; null and undefined are the same. `path` is for error texts.
   *
   * @throws RemotingCodecError when it is not of this type.
   */
  read(value: FastjsonValue | undefined, path: string): T;
  /** `isStandard` asks for strict JSON, in which the keys of objects have quotes. */
  write(value: T, isStandard: boolean): FastjsonInput;
}

function fault(path: string, expected: string): RemotingCodecError {
  return new RemotingCodecError(`The body has no ${expected} at ${path}`);
}

export const jsonText: JsonType<string> = {
  read(value, path) {
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    throw fault(path, 'text');
  },
  write: (value) => value,
};

/** Bytes in base64. */
export const jsonBytes: JsonType<Buffer> = {
  read: (value, path) => Buffer.from(jsonText.read(value, path), 'base64'),
  write: (value) => value.toString('base64'),
};

/** What stands as the digits of an integer of 64 bits counts as that, rounded beyond 2^53. */
function fromDigits(value: FastjsonValue | undefined): FastjsonValue | undefined {
  return typeof value === 'string' && /^-?\d{1,19}$/.test(value) ? Number(value) : value;
}

/** An integer, which may stand as text too. */
export const jsonInteger: JsonType<number> = {
  read(value, path) {
    const number = fromDigits(value);
    if (Number.isSafeInteger(number)) return number as number;
    throw fault(path, 'integer within ±2^53');
  },
  write(value) {
    if (!Number.isSafeInteger(value)) throw new RemotingCodecError(`The number ${value} cannot travel`);
    return value;
  },
};

/** The version of a subscription, which is only compared: the nanoseconds that clients in Go send are rounded. */
export const jsonVersion: JsonType<number> = {
  read(value, path) {
    const number = fromDigits(value);
    if (Number.isInteger(number)) return number as number;
    throw fault(path, 'integer of 64 bits');
  },
  write: (value) => value,
};

/** A number with or without a fraction. */
export const jsonNumber: JsonType<number> = {
  read(value, path) {
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isFinite(number)) throw fault(path, 'number');
    return number;
  },
  write(value) {
    if (!Number.isFinite(value)) throw new RemotingCodecError(`The number ${value} cannot travel`);
    return value;
  },
};

export const jsonBoolean: JsonType<boolean> = {
  read(value, path) {
    const known = typeof value === 'string' ? value.toLowerCase() : value;
    if (known === true || known === 'true' || known === 1) return true;
    if (known === false || known === 'false' || known === 0) return false;
    throw fault(path, 'true or false');
  },
  write: (value) => value,
};

function isConstant(value: FastjsonValue, name: string): boolean {
  return typeof value === 'string' && value.toUpperCase() === name;
}

/**
 * A constant of a Java enum: its name in any case, or its ordinal. `names` are those of Java in order; `meanings`
 * says which of ours a name has when it is not the same. A missing or empty one is `missing`.
 */
export function jsonEnum<T extends string>(
  names: readonly string[],
  missing: T,
  meanings: Readonly<Record<string, T>> = {},
): JsonType<T> {
  return {
    read(value, path) {
      if (value === null || value === undefined || value === '') return missing;
      const name = typeof value === 'number' ? names[value] : names.find((known) => isConstant(value, known));
      if (name === undefined) throw fault(path, `value out of ${names.join(', ')}`);
      return meanings[name] ?? (name as T);
    },
    write: (value) => value,
  };
}

/** A value that may be missing. */
export function jsonOptional<T>(type: JsonType<T>, missing: T): JsonType<T> {
  return {
    read: (value, path) => (value === null || value === undefined ? missing : type.read(value, path)),
    write: (value, isStandard) => type.write(value, isStandard),
  };
}

/** A value that may be missing, and is then left out. */
export function jsonMaybe<T>(type: JsonType<T>): JsonType<T | undefined> {
  return {
    read: (value, path) => (value === null || value === undefined ? undefined : type.read(value, path)),
    write: (value, isStandard) => type.write(value as T, isStandard),
  };
}

/** A list; a missing one is empty, as Java's beans have it. */
export function jsonList<T>(type: JsonType<T>): JsonType<readonly T[]> {
  return {
    read(value, path) {
      if (value === null || value === undefined) return [];
      if (!Array.isArray(value)) throw fault(path, 'list');
      return value.map((item, i) => type.read(item, `${path}[${i}]`));
    },
    write: (values, isStandard) => values.map((item) => type.write(item, isStandard)),
  };
}

export function jsonSet<T>(type: JsonType<T>): JsonType<ReadonlySet<T>> {
  const list = jsonList(type);
  return {
    read: (value, path) => new Set(list.read(value, path)),
    write: (values, isStandard) => list.write([...values], isStandard),
  };
}

/** An object of any keys. */
export function jsonMap<K extends string | number, V>(
  keyType: JsonType<K>,
  type: JsonType<V>,
): JsonType<ReadonlyMap<K, V>> {
  return {
    read(value, path) {
      if (value === null || value === undefined) return new Map();
      if (!(value instanceof Map)) throw fault(path, 'object');
      return new Map(
        [...value].map(([key, item]) => [keyType.read(key, path), type.read(item, `${path}.${key}`)]),
      );
    },
    write(map, isStandard) {
      const entries = [...map].map(
        ([key, item]) => [isStandard ? String(key) : key, type.write(item, isStandard)] as const,
      );
      return new Map(entries as (readonly [string, FastjsonInput])[]);
    },
  };
}

/**
 * An object whose keys are objects themselves, which stand bare or as text. They are written bare, as tools that are not
 * written in Java expect it.
 */
export function jsonObjectMap<K extends object, V>(
  keyType: JsonType<K>,
  type: JsonType<V>,
): JsonType<ReadonlyMap<K, V>> {
  return {
    read(value, path) {
      if (value === null || value === undefined) return new Map();
      if (!(value instanceof Map)) throw fault(path, 'object');
      return new Map(
        [...value].map(([key, item]) => [
          keyType.read(parseKey(key, path), path),
          type.read(item, `${path}.${key}`),
        ]),
      );
    },
    write(map, isStandard) {
      const entries = [...map].map(
        ([key, item]) => [keyType.write(key, isStandard), type.write(item, isStandard)] as const,
      );
      return new Map(entries as (readonly [ReadonlyMap<string, FastjsonInput>, FastjsonInput])[]);
    },
  };
}

function parseKey(key: string, path: string): FastjsonValue {
  try {
    return parseFastjson(key);
  } catch {
    throw fault(path, 'objects as keys');
  }
}

/** A type for every property of `T`. */
export type JsonFields<T> = { readonly [K in keyof Required<T>]: JsonType<T[K]> };

/** A bean. Members that it does not have are ignored; `constants` are written, and not read. */
export function jsonBean<T extends object>(
  fields: JsonFields<T>,
  constants: Readonly<Record<string, FastjsonInput>> = {},
): JsonType<T> {
  const entries = Object.entries<JsonType<unknown>>(fields as never);
  // Java writes the members of a bean in alphabetical order.
  const names = [...entries.map(([name]) => name), ...Object.keys(constants)].toSorted();
  return {
    read(value, path) {
      if (!(value instanceof Map)) throw fault(path, 'object');
      const bean: Record<string, unknown> = {};
      for (const [name, type] of entries) {
        const member = type.read(value.get(name), `${path}.${name}`);
        if (member !== undefined) bean[name] = member;
      }
      return bean as T;
    },
    write(bean, isStandard) {
      const members = new Map<string, FastjsonInput>();
      for (const name of names) {
        const type = fields[name as keyof T];
        const member = bean[name as keyof T];
        if (type === undefined) members.set(name, constants[name]!);
        else if (member !== undefined) members.set(name, type.write(member, isStandard));
      }
      return members;
    },
  };
}

/** A bean of which we know some members, and hand on others as they are: those that are named in `kept`. */
export function jsonOpenBean<T extends { readonly others: ReadonlyMap<string, FastjsonValue> }>(
  fields: JsonFields<Omit<T, 'others'>>,
  kept: readonly string[],
): JsonType<T> {
  const known = jsonBean<object>(fields as JsonFields<object>);
  return {
    read(value, path) {
      const bean = known.read(value, path);
      const others = [...(value as FastjsonObject)].filter(([name]) => kept.includes(name));
      return { ...bean, others: new Map(others) } as unknown as T;
    },
    write(bean, isStandard) {
      const members = known.write(bean, isStandard) as ReadonlyMap<string, FastjsonInput>;
      return new Map([...members, ...bean.others].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    },
  };
}
