import { describe, expect, it } from 'vitest';
import { RequestAuthenticator } from '../../../lib/remoting/acl/request-authenticator.js';
import { RequestSigner } from '../../../lib/remoting/acl/request-signer.js';
import { FieldName } from '../../../lib/remoting/codec/header-codec.js';
import { encodeRequest } from '../../../lib/remoting/codec/remoting-codec.js';
import { decodeFrame } from '../../../lib/remoting/codec/remoting-frame.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { signatureVectors, type SignatureVector } from '../../support/signature-vectors.js';

const OWN_FIELDS = new Set(['AccessKey', 'SecurityToken', 'Signature']);

/** The one of Java's frames is signed again from what it was made of. */
function signAgain({ hex, accessKey, secretKey, securityToken }: SignatureVector): Map<string, string> {
  const { fields, body } = decodeFrame(Buffer.from(hex, 'hex').subarray(4));
  const unsigned = [...fields].filter(([name]) => !OWN_FIELDS.has(name));
  const signer = new RequestSigner({ accessKey, secretKey, securityToken: securityToken ?? undefined });
  const header = {
    names: unsigned.map(([name]) => new FieldName(name)),
    values: unsigned.map(([, value]) => value),
  };
  const { names, values } = signer.sign(header, body);
  return new Map(names.map(({ text }, i) => [text, String(values[i]!)]));
}

// The old client adds a field after it has signed.
const vectors = signatureVectors.filter(({ what }) => !what.endsWith('4.9.3'));

describe('RequestSigner', () => {
  it.each(vectors.map((vector) => [vector.what, vector.serializeType, vector] as const))(
    'signs %s as Java does (%s)',
    (_what, _type, vector) => {
      const { fields } = decodeFrame(Buffer.from(vector.hex, 'hex').subarray(4));
      expect(fields.get('Signature')).toBe(vector.signature);
      expect(signAgain(vector)).toEqual(fields);
    },
  );

  it.each(['JSON', 'ROCKETMQ'] as const)('signs what is sent as %s', (type) => {
    const signer = new RequestSigner({ accessKey: 'user', secretKey: 'secret' });
    const request = {
      code: RequestCode.GET_MAX_OFFSET,
      header: { topic: 'orders', queueId: 3 },
      body: undefined,
    };
    const { fields } = decodeFrame(encodeRequest(request, 1, false, type, signer).subarray(4));
    expect(fields.get('topic')).toBe('orders');
    expect(fields.get('AccessKey')).toBe('user');
    expect(fields.get('Signature')).toMatch(/^[\w+/]{27}=$/);
    expect(decodeFrame(encodeRequest(request, 1, false, type).subarray(4)).fields.has('Signature')).toBe(
      false,
    );
  });

  it.each([
    ['JSON', ''],
    ['ROCKETMQ', undefined],
  ] as const)('signs no empty value where Java reads null (%s)', (type, properties) => {
    const header = {
      producerGroup: 'g',
      topic: 't',
      defaultTopic: 'TBW102',
      defaultTopicQueueNums: 4,
      queueId: 0,
      sysFlag: 0,
      bornTimestamp: 1,
      flag: 0,
      properties: new Map<string, string>(),
      reconsumeTimes: 0,
      maxReconsumeTimes: undefined,
      brokerName: 'broker-a',
      unitMode: false,
    };
    const request = { code: RequestCode.SEND_BATCH_MESSAGE, header, body: [] };
    const user = { accessKey: 'user', secretKey: 'secret' };
    const bytes = encodeRequest(request, 1, false, type, new RequestSigner(user));
    const frame = decodeFrame(bytes.subarray(4));
    expect(frame.fields.get('i')).toBe(properties);
    expect(new RequestAuthenticator([user]).refusalOf(frame)).toBeUndefined();
  });
});
