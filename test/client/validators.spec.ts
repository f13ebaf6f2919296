import { describe, expect, it } from 'vitest';
import { checkGroup, checkMessage } from '../../lib/client/validators.js';
import { Message } from '../../lib/common/message.js';
import { MQClientError } from '../../lib/errors/index.js';
import { javaVectors } from '../support/java-vectors.js';

const MAX = 4 * 1024 * 1024;

describe('checkMessage', () => {
  it.each(javaVectors.checkTopic)('takes topic $name as Java does: $ok', ({ name, ok }) => {
    const check = () => checkMessage(new Message(name as string, Buffer.from('x')), MAX);
    // What only the system may write is refused here too, one step later in Java.
    const isForbidden = javaVectors.validateTopic.some((v) => v.name === name && v.notAllowedSend);
    if (ok && !isForbidden) expect(check).not.toThrow();
    else expect(check).toThrow(MQClientError);
  });
});

describe('checkGroup', () => {
  it.each(javaVectors.checkGroup)('takes group $name as Java does: $ok', ({ name, ok, errorMessage }) => {
    const check = () => checkGroup(name ?? '');
    if (ok) expect(check).not.toThrow();
    else expect(check).toThrow(errorMessage);
  });

  it.each(['DEFAULT_PRODUCER', 'DEFAULT_CONSUMER'])('refuses %s', (group) => {
    expect(() => checkGroup(group)).toThrow(`the group can not be ${group}`);
  });
});
