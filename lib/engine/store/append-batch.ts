import type { DispatchRequest } from './dispatch-request.js';
import type { PutMessageStatus } from './put-message-status.js';

/** Who waits for messages to be stored. */
export interface PutMessageCallback {
  /**
   * Called once. The stored messages are `records[first]` and the `count - 1` behind it; none are when the status
   * says that nothing was stored.
   */
  onPut(status: PutMessageStatus, records: readonly DispatchRequest[], first: number, count: number): void;
}

/** Records that are written with one system call, and those who wait for them. */
export class AppendBatch {
  readonly records: DispatchRequest[] = [];
  private readonly callbacks: (PutMessageCallback | undefined)[] = [];
  /** The first record of each callback. */
  private readonly firsts: number[] = [];
  /** Callbacks that do not wait for the flush, by index. */
  private impatient: number[] | undefined;
  /** The callback that {@link answerNext} comes to next. */
  private next = 0;
  /** How many have not been answered. */
  unanswered = 0;

  constructor(
    /** Milliseconds since the epoch. */
    readonly stagedAt: number,
    /** Of `Clock.monotonicNow`: who waits does so from then on. */
    readonly awaitedFrom: number,
  ) {}

  /** Registers who waits for the records from `first` to the newest. */
  await(callback: PutMessageCallback, first: number, waitStoreMsgOK: boolean): void {
    if (!waitStoreMsgOK) (this.impatient ??= []).push(this.callbacks.length);
    this.callbacks.push(callback);
    this.firsts.push(first);
    this.unanswered++;
  }

  /** Answers everyone who was not answered yet. */
  answer(status: PutMessageStatus): void {
    for (let i = 0; i < this.callbacks.length; i++) this.answerOne(i, status);
  }

  /** Answers the next `count` of those who were not answered yet; there are as many. */
  answerNext(status: PutMessageStatus, count: number): void {
    for (const left = this.unanswered - count; this.unanswered > left; this.next++)
      this.answerOne(this.next, status);
  }

  /** Answers those who asked not to wait for the flush (`WAIT=false`). */
  answerImpatient(): void {
    for (const index of this.impatient ?? []) this.answerOne(index, 'PUT_OK');
  }

  private answerOne(index: number, status: PutMessageStatus): void {
    const callback = this.callbacks[index];
    if (callback === undefined) return;
    this.callbacks[index] = undefined;
    this.unanswered--;
    const first = this.firsts[index]!;
    const end = this.firsts[index + 1] ?? this.records.length;
    callback.onPut(status, this.records, first, end - first);
  }
}
