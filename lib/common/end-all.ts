import type { Logger } from './logger.js';

/**
 * Takes every step, one after the other, whatever fails.
 *
 * @throws the first error, at the end.
 */
export async function endAll(steps: readonly (() => unknown)[]): Promise<void> {
  const errors: unknown[] = [];
  await endEach(steps, (error) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}

/** The same after a start that failed, of which it must not hide the reason: what fails is only told. */
export async function endFailedStart(steps: readonly (() => unknown)[], logger: Logger): Promise<void> {
  await endEach(steps, (error) =>
    logger.error(`The start failed, and so did a step of the end that followed: ${String(error)}`),
  );
}

/** An end for who may ask twice: the second one waits as the first does, which alone is told what failed. */
export function endOnce(end: () => Promise<void>): () => Promise<void> {
  let ended: Promise<void> | undefined;
  return () => {
    if (ended !== undefined) return ended;
    const ending = end();
    ended = ending.catch(() => {});
    return ending;
  };
}

async function endEach(steps: readonly (() => unknown)[], onError: (error: unknown) => void): Promise<void> {
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      onError(error);
    }
  }
}
