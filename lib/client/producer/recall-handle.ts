import { MQClientError } from '../../errors/mq-client.error.js';

/** The third word of what a handle says (RecallMessageHandle). */
export function brokerNameOf(recallHandle: string): string {
  const [version, , brokerName] = Buffer.from(recallHandle, 'base64url').toString('utf8').split(' ');
  if (version === 'v1' && brokerName !== undefined && brokerName !== '') return brokerName;
  throw new MQClientError(
    `${JSON.stringify(recallHandle.slice(0, 100))} is no recall handle; take the recallHandle of a send's result`,
  );
}
