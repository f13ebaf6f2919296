import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Clock, Logger, MQClientOptions, Transport } from '../lib/client/index.js';
import * as client from '../lib/client/index.js';
import * as engine from '../lib/engine/index.js';
import type { Clock as ClockOfNest, RateLimit } from '../lib/index.js';
import * as main from '../lib/index.js';

interface PackageJson {
  readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
  readonly typesVersions: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** What users may rely on: a name that comes or goes here is a decision. */
describe('the exports', () => {
  it.each([
    ['nestjs-rocketmq', main],
    ['nestjs-rocketmq/client', client],
    ['nestjs-rocketmq/engine', engine],
  ])('of %s are what they were', (_name, exports) => {
    expect(Object.keys(exports).sort()).toMatchSnapshot();
  });

  it('of subpaths have types for compilers that know no `exports`, as with moduleResolution node10', () => {
    const path = new URL('../package.json', import.meta.url);
    const { exports, typesVersions } = JSON.parse(readFileSync(path, 'utf8')) as PackageJson;
    const types = Object.entries(exports)
      .filter(([subpath, target]) => subpath !== '.' && typeof target === 'object')
      .map(([subpath, target]) => [subpath.slice(2), [(target as { types: string }).types]]);
    expect(typesVersions['*']).toEqual(Object.fromEntries(types));
  });

  it('take undefined for what may be left out, also from those who compile with exactOptionalPropertyTypes', () => {
    const directory = new URL('../lib/interfaces/', import.meta.url);
    const lines = readdirSync(directory).flatMap((file) =>
      readFileSync(new URL(file, directory), 'utf8').split('\n'),
    );
    const optional = lines.filter((line) => /^  (readonly )?\w+\?:/.test(line));
    expect(optional.length).toBeGreaterThan(100);
    expect(optional.filter((line) => !line.endsWith(' | undefined;'))).toEqual([]);
  });

  it('are enough to make a client, and the options of an application', () => {
    const { DefaultMQProducer, Message, MQClientInstance, systemClock, TcpTransport } = client;
    const clock: Clock = systemClock satisfies ClockOfNest;
    const logger: Logger = console;
    const transport: Transport = new TcpTransport({ clock, logger });
    const namesrvAddrs = ['127.0.0.1:9876'];
    const options: MQClientOptions = { transport, namesrvAddrs, clock, random: Math.random, logger };
    expect(new DefaultMQProducer(new MQClientInstance(options), { group: 'p' }).config.group).toBe('p');
    expect(new Message('t', Buffer.from('x'))).toBeInstanceOf(main.Message);
    const rateLimit: RateLimit = { max: 1, durationMs: 1000 };
    main.RocketMQMessageListener({ topic: 't', rateLimit });
  });
});
