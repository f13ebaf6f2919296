/** What is wrong with an expression, and where. */
export class FilterSyntaxError extends Error {
  /** `position` counts characters from 1. */
  constructor(
    fault: string,
    readonly position: number,
  ) {
    super(`${fault} at character ${position}`);
  }
}
