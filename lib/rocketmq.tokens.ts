/**
 * Injection token of the {@link Clock} of engine and client. Tests put a clock of their own in its place.
 *
 * @publicApi
 */
export const ROCKETMQ_CLOCK = Symbol('ROCKETMQ_CLOCK');
