import { describe, expect, it } from 'vitest';
import { chart, type Bar } from '../../bench/compare/chart.js';
import { Measurements } from '../../bench/compare/measurements.js';
import { missingProgram, PEERS, type Peer } from '../../bench/compare/peers.js';
import { pickPeers } from '../../bench/compare/pick-peers.js';
import { report, summary } from '../../bench/compare/report.js';
import { median, quantile } from '../../bench/support/closed-loop.js';
import { freePorts } from '../../bench/support/free-ports.js';
import { measureLoad } from '../../bench/support/measure-load.js';
import { MeasuredProcess } from '../../bench/support/measured-process.js';
import { openLoop } from '../../bench/support/open-loop.js';
import { usageOf } from '../../bench/support/process-usage.js';

/** Time that goes on by a tenth of a millisecond with every turn. */
class TurningClock {
  millis = 100;
  private turns: (() => void)[] = [];

  now(): number {
    return this.millis;
  }

  turn(next: () => void): void {
    this.turns.push(next);
  }

  run(): void {
    for (let next = this.turns.shift(); next !== undefined; next = this.turns.shift()) {
      this.millis += 0.1;
      next();
    }
  }
}

describe('percentiles', () => {
  const hundred = Float64Array.from({ length: 100 }, (_, at) => at + 1);

  it('are those of sorted numbers', () => {
    expect(quantile(hundred, 0.5)).toBe(51);
    expect(quantile(hundred, 0.99)).toBe(100);
    expect(quantile(Float64Array.of(7), 0.99)).toBe(7);
    expect(quantile(new Float64Array(), 0.5)).toBeNaN();
  });

  it('have a median of rounds in any order, and of one that had no end', () => {
    expect(median([5, 1, 4, 2, 3])).toBe(3);
    expect(median([1, Number.POSITIVE_INFINITY, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
  });
});

describe('the open loop', () => {
  it('begins each operation at its time', async () => {
    const clock = new TurningClock();
    const begun: [number, number, number][] = [];
    const ended = openLoop(
      1000,
      5,
      (number, intendedAt) => begun.push([number, intendedAt, clock.millis]),
      clock,
    );
    clock.run();
    await ended;
    expect(begun.map(([number, intendedAt]) => [number, intendedAt])).toEqual(
      [0, 1, 2, 3, 4].map((number) => [number, 100 + number]),
    );
    for (const [, intendedAt, at] of begun) expect(at - intendedAt).toBeLessThan(0.2);
  });

  it('keeps to the times although an operation takes long', async () => {
    const clock = new TurningClock();
    const late: number[] = [];
    const begin = (number: number, intendedAt: number) => {
      late.push(clock.millis - intendedAt);
      if (number === 1) clock.millis += 3;
    };
    const ended = openLoop(1000, 10, begin, clock);
    clock.run();
    await ended;
    expect(late[2]).toBeGreaterThan(1.9);
    expect(late[3]).toBeGreaterThan(0.9);
    expect(late[9]).toBeLessThan(0.2);
  });
});

describe('the chart', () => {
  const bar = (label: string, value: number | undefined): Bar => ({
    label,
    value,
    isOurs: label === 'ours',
    isFlushed: value === 100,
    text: String(value),
  });
  const widths = (svg: string) =>
    [...svg.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, width]) => Number(width));

  it('has bars as long as their values', () => {
    const svg = chart('Title', [
      { name: 'Rate', bars: [bar('ours', 100), bar('other', 25), bar('third', 0)] },
    ]);
    const [longest, quarter, none] = widths(svg);
    expect(quarter! / longest!).toBeCloseTo(0.25, 2);
    expect(none).toBe(0);
  });

  it('has no bar for what was not measured or had no end', () => {
    const bars = [bar('ours', 100), bar('none', undefined), bar('endless', Number.POSITIVE_INFINITY)];
    expect(widths(chart('Title', [{ name: 'Rate', bars }])).slice(1)).toEqual([0, 0]);
    expect(widths(chart('Title', [{ name: 'Rate', bars: bars.slice(1) }]))).toEqual([0, 0]);
  });

  it('is well-formed whatever the names, and has colours for light and dark', () => {
    const svg = chart('A & B', [{ name: '<1>', bars: [bar('"x" & <y>', 1)] }]);
    expect(svg).toContain('A &amp; B');
    expect(svg).toContain('&quot;x&quot; &amp; &lt;y&gt;');
    expect(svg).toContain('prefers-color-scheme: dark');
    const elements = svg.match(/<(?!\/)(?:text|rect|style|title|svg)\b/g)!.length;
    const ends = svg.match(/<\/(?:text|style|title|svg)>|\/>/g)!.length;
    expect(ends).toBe(elements);
  });
});

describe('the peers', () => {
  const peer = (name: Peer['name'], missing?: string): Peer => ({
    name,
    label: name.toUpperCase(),
    acknowledged: 'kept',
    isFlushed: true,
    missing: () => missing,
    version: () => '1.0',
    load: () => {
      throw new Error('not here');
    },
  });

  it('are left out with a notice where they are not installed', () => {
    const notices: string[] = [];
    const picked = pickPeers([peer('ours'), peer('nats', 'no nats-server')], undefined, (notice) =>
      notices.push(notice),
    );
    expect(picked.map(({ name }) => name)).toEqual(['ours']);
    expect(notices).toEqual(['NATS is left out: no nats-server']);
  });

  it('are picked by name, and unknown names are refused', () => {
    const peers = [peer('ours'), peer('redis'), peer('nats')];
    const pick = (wanted: string) => pickPeers(peers, wanted, () => {}).map(({ name }) => name);
    expect(pick('ours,nats')).toEqual(['ours', 'nats']);
    expect(() => pick('ours,natz')).toThrow('BENCH_PEERS has natz; allowed: ours,redis,nats');
    expect(() => pickPeers([peer('nats', 'gone')], 'nats', () => {})).toThrow('None of the peers');
  });

  it('say how to get a program that is not on the PATH', () => {
    expect(missingProgram('nats-server', 'NATS', '/nowhere')).toMatch(/no nats-server on the PATH: install/);
    expect(missingProgram('sh', 'a shell', '/nowhere:/bin')).toBeUndefined();
  });

  it('have labels of their own, and say what their acknowledgement means', () => {
    expect(new Set(PEERS.map(({ label }) => label)).size).toBe(PEERS.length);
    for (const { acknowledged } of PEERS) expect(acknowledged).toMatch(/disk|kernel/);
  });

  it('stay in the table with what could not be measured', () => {
    const results = new Measurements();
    for (const count of [300, 100, 200]) {
      results.addWork('OURS', {
        work: 'publish1',
        messages: count,
        millis: 100,
        cpuMillis: 5,
        serverCpuMillis: 1,
      });
    }
    const latency = { messages: 2000, millis: 2000, cpuMillis: 1, serverCpuMillis: 1 };
    results.addWork('OURS', { ...latency, work: 'latency1000', p50: 80, p99: 2 ** 63 / 1000 });
    const peers = [peer('ours'), peer('redis')];
    expect(summary(peers, results)).toContain(
      '| OURS | yes | 2,000 | – | – | – | – | 0.08 ms / did not keep up |',
    );
    expect(summary(peers, results)).toContain('| REDIS | yes | – | – | – | – | – | – / – |');
    expect(report(peers, results)).toContain('| OURS | kept | 1.0 |');
  });

  it('have a note where a figure is of fewer rounds, and their versions below the table', () => {
    const results = new Measurements(3);
    results.addWork('OURS', {
      work: 'publish1',
      messages: 100,
      millis: 100,
      cpuMillis: 5,
      serverCpuMillis: 1,
    });
    const nothing = { work: 'publish1', messages: 0, millis: 1, cpuMillis: 1, serverCpuMillis: 1 };
    results.addWork('OURS', nothing);
    expect(summary([peer('ours')], results)).toContain('| OURS | yes | 1,000 (1 of 3 rounds) | –');
    expect(summary([peer('ours')], results)).toContain('Measured with 1.0.');
  });

  it('have the CPU time of what was delivered, and how much of what was published that is', () => {
    const results = new Measurements();
    const fan = { work: 'fan10', messages: 100, millis: 100, cpuMillis: 8, serverCpuMillis: 4 };
    results.addWork('OURS', { ...fan, delivered: 800 });
    results.addWork('REDIS', { ...fan, delivered: 0 });
    const text = report([peer('ours'), peer('redis')], results);
    expect(text).toContain('| 1,000 | 8,000 | 8.0 |');
    expect(text).toContain('| 5.0 + 10.0 |');
    expect(text).toContain('| 1,000 | 0 | 0.0 |');
    expect(text).toContain('| REDIS | – | – | – | – | – |');
  });
});

describe('processes', () => {
  it('are measured by the lines that they print', async () => {
    const script = "console.log('begin a1\\nend a1 messages=10 millis=5 cpuMillis=2 p99=7.5\\nbegin b')";
    const load = MeasuredProcess.start('load', process.execPath, ['-e', script]);
    const measured = measureLoad(load);
    expect(await measured.next()).toMatchObject({
      value: { work: 'a1', messages: 10, millis: 5, cpuMillis: 2, serverCpuMillis: undefined, p99: 7.5 },
    });
    await expect(measured.next()).rejects.toThrow('load ended without "end "');
  });

  it('fail when they end with an error between two works', async () => {
    const load = MeasuredProcess.start('load', process.execPath, ['-e', 'process.exit(3)']);
    await expect(measureLoad(load).next()).rejects.toThrow('load ended with code 3');
  });

  it.runIf(process.platform === 'linux')('are measured and ended with those below them', async () => {
    const script = `
      const { spawn } = require('child_process');
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
      console.log('child ' + child.pid); setInterval(() => {}, 1000);`;
    const parent = MeasuredProcess.start('parent', process.execPath, ['-e', script]);
    const child = Number((await parent.expectLine('child ')).split(' ')[1]);
    expect(usageOf(child).resident).toBeGreaterThan(0);
    expect(parent.usage().resident).toBeGreaterThan(40e6);
    await parent.stop();
    await expect.poll(() => usageOf(child).resident).toBe(0);
  });

  it('get ports that differ', async () => {
    expect(new Set(await freePorts(3)).size).toBe(3);
  });
});
