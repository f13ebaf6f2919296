import { describe, expect, it } from 'vitest';
import {
  groupNameFault,
  isNotAllowedSendTopic,
  isSystemTopic,
  topicNameFault,
} from '../../lib/common/topic-validator.js';
import { loadVectors } from '../support/apache-vectors.js';

interface TopicVector {
  readonly name: string | null;
  readonly valid: boolean;
  readonly remark: string;
  readonly system: boolean;
  readonly notAllowedSend: boolean;
}
interface GroupVector {
  readonly name: string | null;
  readonly ok: boolean;
  readonly errorMessage?: string;
}

const vectors = loadVectors<{ validateTopic: TopicVector[]; checkGroup: GroupVector[] }>('java.json');
const named = <T extends { name: string | null }>(list: T[]) => list.filter(({ name }) => name !== null);

describe('names of topics', () => {
  it.each(named(vectors.validateTopic))('$name: as TopicValidator says', (vector) => {
    const { name, valid, remark, system, notAllowedSend } = vector;
    expect(topicNameFault(name!)).toBe(valid ? undefined : remark);
    expect(isSystemTopic(name!)).toBe(system);
    expect(isNotAllowedSendTopic(name!)).toBe(notAllowedSend);
  });

  it.each(['..', '.', '../../x', 'a/b', 'a\\b', 'a\0b', 'C:', 'a\nb', 'ａ'])(
    '"%s" is no topic and no group',
    (name) => {
      expect(topicNameFault(name)).toBeDefined();
      expect(groupNameFault(name)).toBeDefined();
    },
  );

  it.each(['__proto__', 'constructor', 'toString'])('%s is a topic, and no system topic', (name) => {
    expect(topicNameFault(name)).toBeUndefined();
    expect(isSystemTopic(name)).toBe(false);
    expect(isNotAllowedSendTopic(name)).toBe(false);
  });
});

describe('names of groups', () => {
  it.each(named(vectors.checkGroup))('$name: as Validators says', ({ name, ok, errorMessage }) => {
    expect(groupNameFault(name!)).toBe(ok ? undefined : errorMessage);
  });
});
