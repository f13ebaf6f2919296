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

/** The same, for an end that must not hide why it came: what fails is only told. */
export async function endEach(
  steps: readonly (() => unknown)[],
  onError: (error: unknown) => void,
): Promise<void> {
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      onError(error);
    }
  }
}
