import type { FastjsonValue } from '../../../common/fastjson.js';

type Attributes = ReadonlyMap<string, FastjsonValue>;

/** What an attribute may be, and whether a topic that exists may change it (TopicAttributes). */
interface AttributeRule {
  readonly isMutable: boolean;
  readonly allowed: string;
  readonly accepts: (value: string) => boolean;
}

const oneOf = (isMutable: boolean, ...values: string[]): AttributeRule => ({
  isMutable,
  allowed: values.join(', '),
  accepts: (value) => values.includes(value),
});

/** Apache has BatchCQ and COMPACTION, too. */
const RULES: ReadonlyMap<string, AttributeRule> = new Map([
  ['queue.type', oneOf(false, 'SimpleCQ')],
  ['cleanup.policy', oneOf(false, 'DELETE')],
  ['message.type', oneOf(true, 'UNSPECIFIED', 'NORMAL', 'FIFO', 'DELAY', 'TRANSACTION', 'MIXED')],
  [
    'reserve.time',
    { isMutable: true, allowed: 'an integer from -1 up', accepts: (value) => /^(-1|\d{1,15})$/.test(value) },
  ],
]);

/**
 * The attributes of a topic after a modification: `+key=value` and `-key` with commas between (AttributeParser,
 * AttributeUtil). `isNew` topics can only be given attributes.
 *
 * @throws RangeError that names the attribute and what is allowed.
 */
export function alterAttributes(present: Attributes, modification: string, isNew: boolean): Attributes {
  const altered = new Map(present);
  const seen = new Set<string>();
  for (const part of modification.split(',').filter((text) => text.trim() !== '')) {
    const [, sign, key, value] = /^([+-])([^=]+?)(?:=(.*))?$/.exec(part.trim()) ?? [];
    if (sign === undefined || key === undefined || (sign === '+') !== (value !== undefined)) {
      throw new RangeError(`attribute ${JSON.stringify(part)} is neither +key=value nor -key`);
    }
    if (seen.has(key)) throw new RangeError(`attribute ${key} is there twice`);
    seen.add(key);
    checkAlteration(key, value, isNew);
    if (value === undefined) altered.delete(key);
    else altered.set(key, value);
  }
  return altered;
}

function checkAlteration(key: string, value: string | undefined, isNew: boolean): void {
  const rule = RULES.get(key);
  if (rule === undefined) {
    throw new RangeError(`attribute ${key} is not known; there are: ${[...RULES.keys()].join(', ')}`);
  }
  if (value === undefined && isNew) throw new RangeError(`a new topic has no attribute ${key} to delete`);
  if (!isNew && !rule.isMutable) throw new RangeError(`attribute ${key} of a topic cannot be changed`);
  if (value !== undefined && !rule.accepts(value)) {
    throw new RangeError(`attribute ${key} is ${JSON.stringify(value)}; allowed: ${rule.allowed}`);
  }
}
