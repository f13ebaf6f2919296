import { inspect } from 'node:util';

/** One line; what lies deeper is the data of others. */
const INSPECTED = { depth: 1, breakLength: Infinity, compact: true };

/** What was thrown, with what an HttpException of Nest says in its response only, as that of a ValidationPipe does. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return textOf(error);
  const text = String(error);
  const faults = faultsOf(error).filter((fault) => !text.includes(fault));
  return faults.length === 0 ? text : `${text}: ${faults.join(', ')}`;
}

/** The same with the stack, for what is reported nowhere else. */
export function describeWithStack(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const frames = stack.indexOf('\n    at ');
  return describe(error) + (frames === -1 ? '' : stack.slice(frames));
}

/** The client, which does not know Nest, has its errors to report too. */
function faultsOf(error: Error & { getResponse?: unknown }): string[] {
  if (typeof error.getResponse !== 'function') return [];
  const response: unknown = error.getResponse();
  const { message = response } = Object(response) as { message?: unknown };
  return [message].flat().map(textOf);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, INSPECTED);
}
