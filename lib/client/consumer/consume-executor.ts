import type { Clock, Timer } from '../../common/clock.js';
import { RateWindow, type RateLimit } from './rate-window.js';

/** Work that never throws or rejects; a promise says that it goes on. */
export interface ConsumeTask {
  run(): void | Promise<void>;
}

/** Tasks that are begun before other work of the process gets its turn. */
const TASKS_PER_TURN = 64;
/** Begun tasks after which the list of them is cut. */
const COMPACT_AT = 1024;

/** Runs a limited number of tasks at once, the others in order (the thread pool of ConsumeMessageService). */
export class ConsumeExecutor {
  private tasks: ConsumeTask[] = [];
  private head = 0;
  private running = 0;
  private isScheduled = false;
  private isClosed = false;
  private isPaused = false;
  private onIdle: (() => void) | undefined;
  private readonly rate: RateWindow | undefined;
  /** Set while no more may begin. */
  private rateTimer: Timer | undefined;
  private readonly onSettled = () => {
    this.running--;
    this.schedule();
  };

  constructor(
    private readonly clock: Clock,
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
    this.clock.clearTimeout(this.rateTimer);
    this.tasks = [];
    this.head = 0;
  }

  /** Waits for running tasks, at most `maxMillis`; returns whether all ended. */
  async close(maxMillis: number): Promise<boolean> {
    this.stop();
    if (this.running > 0 && maxMillis > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.clock.setTimeout(resolve, maxMillis);
        this.onIdle = () => {
          this.clock.clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.running === 0;
  }

  private schedule(): void {
    if (this.running === 0 && this.head === this.tasks.length) this.onIdle?.();
    const isHeld = this.isPaused || this.rateTimer !== undefined;
    if (this.isScheduled || isHeld || this.head === this.tasks.length) return;
    this.isScheduled = true;
    this.clock.setImmediate(() => {
      this.isScheduled = false;
      this.runSome();
    });
  }

  private runSome(): void {
    if (this.isPaused) return;
    for (let i = 0; i < TASKS_PER_TURN && this.running < this.limit && this.head < this.tasks.length; i++) {
      if (!this.mayBegin()) break;
      const task = this.tasks[this.head++]!;
      const result = task.run();
      if (result === undefined) continue;
      this.running++;
      void result.then(this.onSettled);
    }
    if (this.head === this.tasks.length || this.head >= COMPACT_AT) {
      this.tasks = this.tasks.slice(this.head);
      this.head = 0;
    }
    if (this.running < this.limit) this.schedule();
  }

  /** Notes that a task begins, or goes on when the next one may. */
  private mayBegin(): boolean {
    if (this.rate === undefined) return true;
    const now = this.clock.now();
    const wait = this.rate.waitAt(now);
    if (wait === 0) this.rate.note(now);
    else
      this.rateTimer = this.clock.setTimeout(() => {
        this.rateTimer = undefined;
        this.schedule();
      }, wait);
    return wait === 0;
  }
}
