import fc from 'fast-check';

export const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom('__proto__', 'constructor', '"\\\u0001\n'),
);
export const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
export const long = fc.maxSafeInteger();
export const optionalText = fc.option(text, { nil: undefined });
export const bytes = fc.uint8Array({ maxLength: 200 }).map((b) => Buffer.from(b));

export const queue = { topic: text, queueId: int };
export const few = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 4 });
export const setOf = <T>(item: fc.Arbitrary<T>) => few(item).map((items) => new Set(items));
export const mapOf = <K, V>(key: fc.Arbitrary<K>, value: fc.Arbitrary<V>) =>
  few(fc.tuple(key, value)).map((entries) => new Map(entries));

export const subscription = fc.record({
  topic: text,
  subString: text,
  tagsSet: setOf(text),
  codeSet: setOf(int),
  subVersion: long,
  expressionType: fc.constantFrom('TAG', 'SQL92'),
});
