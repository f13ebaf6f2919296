/** Waits in real time until a condition holds, and looks every millisecond. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  maxMillis = 10_000,
): Promise<void> {
  const deadline = performance.now() + maxMillis;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Not within ${maxMillis} ms: ${String(condition)}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
