import { describe, expect, it } from 'vitest';
import { RequestAuthenticator } from '../../../lib/remoting/acl/request-authenticator.js';
import { RequestSigner } from '../../../lib/remoting/acl/request-signer.js';
import { encodeRequest } from '../../../lib/remoting/codec/remoting-codec.js';
import { decodeFrame } from '../../../lib/remoting/codec/remoting-frame.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { signatureVectors } from '../../support/signature-vectors.js';

const users = [
  { accessKey: 'user', secretKey: 'secret' },
  { accessKey: '用户', secretKey: '密钥ß😀' },
];
const authenticator = new RequestAuthenticator(users);

const refusalOf = (frame: Buffer) => authenticator.refusalOf(decodeFrame(frame.subarray(4)));

const maxOffset = (signer: RequestSigner | undefined, code: 29 | 30 = RequestCode.GET_MAX_OFFSET) =>
  encodeRequest(
    { code, header: { topic: 'orders', queueId: 3, timestamp: 1 }, body: undefined } as never,
    1,
    false,
    'ROCKETMQ',
    signer,
  );

describe('RequestAuthenticator', () => {
  it.each(signatureVectors.map((vector) => [vector.what, vector.serializeType, vector.hex]))(
    'accepts %s as Java signs it (%s)',
    (_what, _type, hex) => expect(refusalOf(Buffer.from(hex, 'hex'))).toBeUndefined(),
  );

  it('refuses a request of which any byte of a value or of the body was changed', () => {
    const { hex } = signatureVectors.find(
      ({ what, serializeType }) => what === 'fields and a body' && serializeType === 'ROCKETMQ',
    )!;
    const frame = Buffer.from(hex, 'hex');
    const places = ['orders', 'TBW102', 'group'].map((text) => frame.indexOf(text));
    for (const at of [...places, frame.length - 1]) {
      const changed = Buffer.from(frame);
      changed[at]! ^= 1;
      expect(refusalOf(changed)).toBe('check signature failed.');
    }
  });

  it('refuses who is not known, in the words of Apache', () => {
    expect(refusalOf(maxOffset(undefined))).toBe('username cannot be null.');
    const stranger = new RequestSigner({ accessKey: 'stranger', secretKey: 'secret' });
    expect(refusalOf(maxOffset(stranger))).toBe('User:stranger is not found.');
    const prototype = new RequestSigner({ accessKey: '__proto__', secretKey: 'secret' });
    expect(refusalOf(maxOffset(prototype))).toBe('User:__proto__ is not found.');
    const impostor = new RequestSigner({ accessKey: 'user', secretKey: 'guess' });
    expect(refusalOf(maxOffset(impostor))).toBe('check signature failed.');
    const heartbeat = { code: RequestCode.GET_BROKER_CLUSTER_INFO, header: undefined, body: undefined };
    expect(refusalOf(encodeRequest(heartbeat, 1, false))).toBe('authentication field is null');
  });

  it('tells little of a long name back', () => {
    const signer = new RequestSigner({ accessKey: 'x'.repeat(100_000), secretKey: 'secret' });
    expect(refusalOf(maxOffset(signer))!.length).toBeLessThan(300);
  });
});
