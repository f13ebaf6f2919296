/** An empty body, frame, or list of properties. */
export const NO_BYTES = Buffer.alloc(0);
