/** Waits until a condition holds. */
export async function poll(
  what: string,
  condition: () => boolean | Promise<boolean>,
  maxMillis = 120_000,
): Promise<void> {
  const deadline = performance.now() + maxMillis;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Waited ${maxMillis} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
