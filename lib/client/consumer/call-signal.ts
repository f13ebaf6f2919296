import type { MQClientError } from '../../errors/mq-client.error.js';

/** Tells a call of a listener that it was given up: it cannot be interrupted, as Java's threads are. */
export class CallSignal {
  private controller: AbortController | undefined;
  private reason: MQClientError | undefined;

  /** Made when it is first asked for: most listeners do without. */
  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.reason !== undefined) this.controller.abort(this.reason);
    }
    return this.controller.signal;
  }

  get isAborted(): boolean {
    return this.reason !== undefined;
  }

  abort(reason: MQClientError): void {
    this.reason ??= reason;
    this.controller?.abort(this.reason);
  }
}
