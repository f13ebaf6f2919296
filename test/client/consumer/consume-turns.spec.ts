import { describe, expect, it } from 'vitest';
import { ConsumeExecutor } from '../../../lib/client/consumer/consume-executor.js';
import { ConsumeTurns } from '../../../lib/client/consumer/consume-turns.js';
import { settle, VirtualClock } from '../../support/virtual-clock.js';

const setUp = () => {
  const clock = new VirtualClock();
  return { clock, consumeTurns: new ConsumeTurns(clock) };
};

/** Adds tasks, each of which notes the name and lets `millis` pass. */
function addTasks(
  instance: ReturnType<typeof setUp>,
  executor: ConsumeExecutor,
  count: number,
  name: string,
  log: string[],
  millis = 0,
): void {
  const run = (): void => {
    log.push(name);
    instance.clock.pass(millis);
  };
  for (let i = 0; i < count; i++) executor.execute({ run });
}

describe('turns of consumers', () => {
  it('are shared: nobody waits until all messages of another one are handled', async () => {
    const instance = setUp();
    const log: string[] = [];
    for (const name of ['a', 'b', 'c']) addTasks(instance, new ConsumeExecutor(instance, 20), 100, name, log);
    await settle(1);
    expect(log).toHaveLength(300);
    for (const name of ['a', 'b', 'c'])
      expect(log.slice(0, 192).filter((each) => each === name)).toHaveLength(64);
  });

  it('end after some milliseconds, so that other work has its turn, and go on with who comes next', async () => {
    const instance = setUp();
    const log: string[] = [];
    addTasks(instance, new ConsumeExecutor(instance, 20), 64, 'a', log, 1);
    addTasks(instance, new ConsumeExecutor(instance, 20), 64, 'b', log, 1);
    await settle(1);
    expect(new Set(log)).toEqual(new Set(['a']));
    expect(log.length).toBeLessThan(20);
    const first = log.length;
    await settle(1);
    expect(new Set(log.slice(first))).toEqual(new Set(['b']));
    await settle(10);
    expect(log).toHaveLength(128);
  });

  it('end also when no time passes', async () => {
    const instance = setUp();
    const executor = new ConsumeExecutor(instance, 20);
    let count = 0;
    const task = {
      run: () => {
        count++;
        executor.execute(task);
      },
    };
    executor.execute(task);
    await settle(2);
    expect(count).toBeGreaterThan(1000);
    executor.stop();
    await settle(2);
    const stopped = count;
    await settle(2);
    expect(count).toBe(stopped);
  });

  it('begin no more calls at once than may run, and go on when one ends', async () => {
    const instance = setUp();
    const executor = new ConsumeExecutor(instance, 2);
    const ends: (() => void)[] = [];
    for (let i = 0; i < 5; i++)
      executor.execute({ run: () => new Promise<void>((resolve) => ends.push(resolve)) });
    await settle();
    expect(ends).toHaveLength(2);
    ends[0]!();
    await settle();
    expect(ends).toHaveLength(3);
    executor.setLimit(4);
    await settle();
    expect(ends).toHaveLength(5);
  });

  it('pass over who is paused, until it goes on', async () => {
    const instance = setUp();
    const log: string[] = [];
    const executor = new ConsumeExecutor(instance, 20);
    addTasks(instance, executor, 3, 'a', log);
    executor.setPaused(true);
    await settle();
    expect(log).toEqual([]);
    executor.setPaused(false);
    await settle();
    expect(log).toEqual(['a', 'a', 'a']);
  });
});
