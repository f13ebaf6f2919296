import { asObject, type FastjsonObject, type FastjsonValue } from '../common/fastjson.js';

type Scalar = string | number | boolean;

/**
 * Reads the scalar fields that `defaults` names from a stored object. A field that is absent keeps its default, one of
 * another type is an error.
 *
 * @throws TypeError
 */
export function readFields<T extends { [K in keyof T]: Scalar }>(object: FastjsonObject, defaults: T): T {
  const fields = { ...defaults };
  for (const name of Object.keys(defaults) as (keyof T & string)[]) {
    const value = object.get(name);
    if (value === undefined || value === null) continue;
    if (typeof value !== typeof defaults[name]) {
      throw new TypeError(`"${name}" is ${JSON.stringify(value)}, expected a ${typeof defaults[name]}`);
    }
    fields[name] = value as T[typeof name];
  }
  return fields;
}

/** What a stored object has besides: kept, and written back, for the broker that understands it. */
export function readOthers(object: FastjsonObject, known: readonly string[]): Map<string, FastjsonValue> {
  return new Map([...object].filter(([name]) => !known.includes(name)));
}

/**
 * What `read` makes of each entry of a stored table.
 *
 * @throws TypeError that names the entry which cannot be read.
 */
export function readEntries<T>(
  table: FastjsonValue | undefined,
  read: (key: string, value: FastjsonValue) => T,
): T[] {
  return [...asObject(table)].map(([key, value]) => {
    try {
      return read(key, value);
    } catch (error) {
      throw new TypeError(`entry ${JSON.stringify(key)}: ${(error as Error).message}`, { cause: error });
    }
  });
}
