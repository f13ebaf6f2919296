import { encodeResponse } from '../../lib/remoting/codec/remoting-codec.js';

/** An encoded answer in one piece. */
export const responseBytes = (...answer: Parameters<typeof encodeResponse>): Buffer =>
  Buffer.concat(encodeResponse(...answer));
