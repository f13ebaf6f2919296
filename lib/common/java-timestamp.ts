const PATTERN = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$/;

/** Milliseconds since the epoch of `yyyyMMddHHmmss` in local time (UtilAll#parseDate); NaN for what is no such time. */
function parseJavaTimestamp(text: string): number {
  const match = PATTERN.exec(text);
  if (match === null) return NaN;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(year, month - 1, day, hour, minute, second);
  const isSame = date.getMonth() === month - 1 && date.getDate() === day && date.getHours() === hour;
  return isSame && minute < 60 && second < 60 ? date.getTime() : NaN;
}

/** Milliseconds since the epoch, however a point in time was given; NaN for what is none. */
export function toTimestamp(time: number | string | Date): number {
  if (typeof time === 'string') return parseJavaTimestamp(time);
  return Number.isSafeInteger(Number(time)) ? Number(time) : NaN;
}
