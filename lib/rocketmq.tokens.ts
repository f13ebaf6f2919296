/** Injection token of the clock of engine and client. Tests put a clock of their own in its place. */
export const ROCKETMQ_CLOCK = Symbol('ROCKETMQ_CLOCK');
