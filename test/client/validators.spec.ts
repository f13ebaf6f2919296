import { describe, expect, it } from 'vitest';
import { checkBody, checkGroup, checkTopic } from '../../lib/client/validators.js';
import { MQClientError } from '../../lib/errors/index.js';
import { javaVectors } from '../support/java-vectors.js';

const MAX = 4 * 1024 * 1024;

describe('checkTopic', () => {
  it.each(javaVectors.checkTopic)('takes topic $name as Java does: $ok', ({ name, ok }) => {
    const check = () => checkTopic(name as string);
    // What only the system may write is refused here too, one step later in Java.
    const isForbidden = javaVectors.validateTopic.some((v) => v.name === name && v.notAllowedSend);
    if (ok && !isForbidden) expect(check).not.toThrow();
    else expect(check).toThrow(MQClientError);
  });
});

describe('checkBody', () => {
  it.each([
    [undefined, 'the message body is null'],
    [Buffer.alloc(0), 'the message body length is zero'],
    [Buffer.alloc(MAX + 1), `the message body size ${MAX + 1} is over max value, MAX: ${MAX}`],
  ])('refuses a body that is missing, empty or too long', (body, message) => {
    expect(() => checkBody(body as Buffer, MAX)).toThrow(message);
  });

  it('takes the longest body', () => {
    expect(() => checkBody(Buffer.alloc(MAX), MAX)).not.toThrow();
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
