import type { Timer } from '../../common/clock.js';
import { Pause } from '../../common/pause.js';
import type { MQClientInstance } from '../mq-client-instance.js';
import type { TurnTaker } from './consume-turns.js';
import { RateWindow, type RateLimit } from './rate-window.js';

/** Work that never throws or rejects; a promise says that it goes on. */
export interface ConsumeTask {
  run(): void | Promise<void>;
  /** Whether it is too late for the listener: then it costs nothing of the rate. */
  isOver?(): boolean;
}

/** Begun tasks after which the list of them is cut. */
const COMPACT_AT = 1024;

/** Runs a limited number of tasks at once, the others in order (the thread pool of ConsumeMessageService). */
export class ConsumeExecutor implements TurnTaker {
  /** Undefined where a task was begun: an old list would keep what has ended from the quick collection of garbage. */
  private tasks: (ConsumeTask | undefined)[] = [];
  private head = 0;
  private running = 0;
  /** Whether it waits for a turn. */
  private isScheduled = false;
  private isClosed = false;
  private isPaused = false;
  private onIdle: (() => void) | undefined;
  private readonly rate: RateWindow | undefined;
  /** Set while no more may begin. */
  private rateTimer: Timer | undefined;
  private readonly onSettled = () => {
    this.running--;
    // Calls that end at once would otherwise have only as many in a turn as may run at the same time.
    if (!this.isScheduled && this.canBegin && this.instance.consumeTurns.hasTime()) this.begin(1);
    this.schedule();
  };

  constructor(
    private readonly instance: Pick<MQClientInstance, 'clock' | 'consumeTurns'>,
    private limit: number,
    rateLimit?: RateLimit,
  ) {
    if (rateLimit !== undefined) this.rate = new RateWindow(rateLimit);
  }

  execute(task: ConsumeTask): void {
    if (this.isClosed) return;
    this.tasks.push(task);
    this.schedule();
  }

  /** Changes how many tasks may run at once; those that are running go on. */
  setLimit(limit: number): void {
    this.limit = limit;
    this.schedule();
  }

  /** While it is paused no tasks are begun; they are kept. */
  setPaused(isPaused: boolean): void {
    this.isPaused = isPaused;
    this.schedule();
  }

  /** Begins no more tasks; those that are running go on. */
  stop(): void {
    this.isClosed = true;
    this.instance.clock.clearTimeout(this.rateTimer);
    this.tasks = [];
    this.head = 0;
  }

  /** Waits for running tasks, at most `maxMillis`; returns whether all ended. */
  async close(maxMillis: number): Promise<boolean> {
    this.stop();
    if (this.running > 0 && maxMillis > 0) {
      const pause = new Pause(this.instance.clock);
      this.onIdle = () => pause.end();
      await pause.wait(maxMillis);
    }
    return this.running === 0;
  }

  private schedule(): void {
    if (this.running === 0 && this.head === this.tasks.length) this.onIdle?.();
    if (this.isScheduled || !this.canBegin) return;
    this.isScheduled = true;
    this.instance.consumeTurns.add(this);
  }

  beginSome(max: number): boolean {
    this.begin(max);
    return (this.isScheduled = this.canBegin);
  }

  private begin(max: number): void {
    for (let i = 0; i < max && this.canBegin && this.mayBegin(); i++) {
      const task = this.tasks[this.head]!;
      this.tasks[this.head++] = undefined;
      const result = task.run();
      if (result === undefined) continue;
      this.running++;
      void result.then(this.onSettled);
    }
    if (this.head === this.tasks.length || this.head >= COMPACT_AT) {
      this.tasks = this.tasks.slice(this.head);
      this.head = 0;
    }
  }

  private get canBegin(): boolean {
    const isHeld = this.isPaused || this.rateTimer !== undefined;
    return !isHeld && this.running < this.limit && this.head < this.tasks.length;
  }

  /** Notes that a task begins, or goes on when the next one may. */
  private mayBegin(): boolean {
    if (this.rate === undefined || this.tasks[this.head]!.isOver?.() === true) return true;
    const now = this.instance.clock.now();
    const wait = this.rate.waitAt(now);
    if (wait === 0) this.rate.note(now);
    else
      this.rateTimer = this.instance.clock.setTimeout(() => {
        this.rateTimer = undefined;
        this.schedule();
      }, wait);
    return wait === 0;
  }
}
