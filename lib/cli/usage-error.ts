/** Something in the command line, or in a file that it names, is wrong; the message says what is allowed. */
export class UsageError extends Error {}
