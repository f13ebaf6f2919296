import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withoutNamespace, wrapNamespace } from '../../lib/common/namespace-util.js';

interface NamespaceVector {
  readonly namespace: string | null;
  readonly resource: string;
  readonly wrapped: string;
  readonly without: string;
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/namespaces.json', import.meta.url), 'utf8'),
) as readonly NamespaceVector[];

describe('a namespace', () => {
  it.each(vectors)('$namespace, with $resource, is what Java makes of it', (vector) => {
    const namespace = vector.namespace ?? undefined;
    expect(wrapNamespace(namespace, vector.resource)).toBe(vector.wrapped);
    expect(withoutNamespace(vector.resource, namespace)).toBe(vector.without);
  });
});
