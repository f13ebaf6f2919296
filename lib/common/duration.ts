const UNIT_MILLIS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const DURATION = /^(?:\d{1,12}(?:ms|[smhd]))+$/;

/** Milliseconds of a text such as `90s` or `1h30m`; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let millis = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[smhd])/g))
    millis += Number(count) * UNIT_MILLIS[unit!]!;
  return millis;
}
