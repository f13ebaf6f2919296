import { UsageError } from './usage-error.js';

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

/**
 * Reads a properties file as Java does (java.util.Properties#load): ISO-8859-1 with `\uXXXX` for all else, comments, escapes,
 * lines that go on in the next one, `=`, `:` or blanks behind the key. A key that comes again replaces the former.
 *
 * @throws UsageError for a malformed `\uXXXX`.
 */
export function parseProperties(content: Buffer): Map<string, string> {
  const properties = new Map<string, string>();
  for (const line of logicalLines(content.toString('latin1'))) {
    const [, key, value] = /^((?:\\.|[^\\=: \t\f])*)[ \t\f]*[=:]?[ \t\f]*(.*)$/s.exec(line)!;
    properties.set(unescape(key!), unescape(value!));
  }
  return properties;
}

/** Lines without comments and leading blanks, each joined with those in which it goes on. */
function logicalLines(text: string): string[] {
  const lines: string[] = [];
  let isContinued = false;
  for (const natural of text.split(/\r\n|\r|\n/)) {
    const line = natural.replace(/^[ \t\f]+/, '');
    if (!isContinued && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue;
    const start = isContinued ? lines.pop()! : '';
    isContinued = endsInBackslash(line);
    lines.push(start + (isContinued ? line.slice(0, -1) : line));
  }
  return lines;
}

function endsInBackslash(line: string): boolean {
  let end = line.length;
  while (line[end - 1] === '\\') end--;
  return (line.length - end) % 2 === 1;
}

function unescape(text: string): string {
  return text.replaceAll(/\\(u.{0,4}|.|$)/gs, (sequence, escaped: string) => {
    if (!escaped.startsWith('u')) return ESCAPES[escaped] ?? escaped;
    if (!/^u[0-9a-fA-F]{4}$/.test(escaped))
      throw new UsageError(`${sequence} is not \\u and four hex digits`);
    return String.fromCharCode(parseInt(escaped.slice(1), 16));
  });
}
