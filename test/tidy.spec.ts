import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { OptionRule } from '../lib/common/option-rules.js';
import { brokerRules } from '../lib/engine/broker/broker-config.js';
import { storeRules } from '../lib/engine/store/message-store-config.js';

const LIB = fileURLToPath(new URL('../lib', import.meta.url));

/** What each part of `lib/` may import besides itself. */
const ALLOWED: Record<string, readonly string[]> = {
  errors: [],
  common: ['errors'],
  remoting: ['common', 'errors'],
  client: ['common', 'errors', 'remoting'],
  cli: ['common', 'errors', 'remoting', 'client', 'engine', 'engine/store'],
  'engine/store': ['common', 'errors'],
  engine: ['engine/store', 'common', 'errors', 'remoting'],
};

/** Only the connection brings client and engine together; the index names the types of both. */
const JOINTS = ['index.ts', 'rocketmq.connection.ts'];

const files = readdirSync(LIB, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));

function partOf(path: string): string {
  return Object.keys(ALLOWED).find((part) => path.startsWith(`${part}/`)) ?? 'nest';
}

function importsOf(path: string): string[] {
  const source = readFileSync(join(LIB, path), 'utf8');
  return [...source.matchAll(/\b(?:from |import |import\()'([^']+)'/g)].map(([, name]) => name!);
}

function targetOf(path: string, name: string): string {
  return name.startsWith('.') ? partOf(relative(LIB, join(LIB, dirname(path), name))) : name;
}

function wrongImportsOf(path: string): string[] {
  const part = partOf(path);
  if (part === 'nest') return [];
  return importsOf(path).filter((name) => {
    if (!name.startsWith('.')) return name.startsWith('@nestjs/') || name === 'rxjs';
    const target = targetOf(path, name);
    return target !== part && !ALLOWED[part]!.includes(target);
  });
}

/** A default as comments write it. */
function shown(name: string, value: unknown): string {
  if (value === undefined) return 'none';
  const isLong = typeof value === 'number' && value >= 10_000 && !name.endsWith('Port');
  return isLong ? value.toLocaleString('en-US') : JSON.stringify(value).replaceAll('"', '`');
}

describe('the tree', () => {
  it('imports in one direction', () => {
    expect(files.length).toBeGreaterThan(100);
    const wrong = files.flatMap((path) => wrongImportsOf(path).map((name) => `${path} imports ${name}`));
    expect(wrong).toEqual([]);
  });

  it('asks for the address of a module in the command line only, as Jest makes CommonJS of the rest', () => {
    const asking = files.filter((path) => readFileSync(join(LIB, path), 'utf8').includes('import.meta'));
    expect(asking).toEqual(['cli/main.ts']);
  });

  it.each<[string, Record<string, OptionRule<unknown>>]>([
    ['engine/broker/broker-config.ts', brokerRules],
    ['engine/store/message-store-config.ts', storeRules],
  ])('says in %s of each option its default, as it is', (path, rules) => {
    const source = readFileSync(join(LIB, path), 'utf8').replaceAll(/\s+(?:\* )?/g, ' ');
    const wrong = Object.keys(rules).filter(
      (name) => !source.includes(`Default: ${shown(name, rules[name]!.default)}. */ ${name}: `),
    );
    expect(wrong).toEqual([]);
  });

  it('joins client and engine in one place', () => {
    const both = files.filter((path) => {
      const parts = new Set(importsOf(path).map((name) => targetOf(path, name)));
      return partOf(path) === 'nest' && parts.has('client') && parts.has('engine');
    });
    expect(both.toSorted()).toEqual(JOINTS);
  });
});
