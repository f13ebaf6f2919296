const NAME_VALUE_SEPARATOR = '\u0001';
const PROPERTY_SEPARATOR = '\u0002';

/** Properties in the text form of wire and store (MessageDecoder#messageProperties2String). */
export function encodeProperties(properties: ReadonlyMap<string, string>): string {
  let text = '';
  for (const [name, value] of properties) {
    text += name + NAME_VALUE_SEPARATOR + value + PROPERTY_SEPARATOR;
  }
  return text;
}

/**
 * The reverse (MessageDecoder#string2messageProperties): a pair without a name, a value or the separator is
 * skipped, the last of equal names wins, the final separator may be absent.
 */
export function decodeProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  let separator = -1;
  for (let start = 0; start < text.length;) {
    let end = text.indexOf(PROPERTY_SEPARATOR, start);
    if (end < 0) end = text.length;
    if (separator < start) separator = text.indexOf(NAME_VALUE_SEPARATOR, start);
    if (separator < 0) break;
    if (separator > start && separator < end - 1) {
      properties.set(text.slice(start, separator), text.slice(separator + 1, end));
    }
    start = end + 1;
  }
  return properties;
}
