import { MessageClientIdSetter } from '../../common/message-client-id-setter.js';
import { MessageConst } from '../../common/message-const.js';
import type { MessageExt } from '../../common/message-ext.js';
import type { MQClientInstance } from '../mq-client-instance.js';
import type { AsyncTraceDispatcher } from './async-trace-dispatcher.js';
import { ConsumeReturnType } from './trace-data-encoder.js';

/** What of a message goes into its records. */
interface Traced {
  readonly msgId: string;
  readonly keys: string | undefined;
}

/** Notes when a listener is called and how it ends (ConsumeMessageTraceHookImpl). */
export class ConsumeMessageTrace {
  private readonly ids: MessageClientIdSetter;

  constructor(
    private readonly instance: MQClientInstance,
    private readonly dispatcher: AsyncTraceDispatcher,
    private readonly groupName: string,
    /** Milliseconds. */
    private readonly consumeTimeout: number,
  ) {
    this.ids = new MessageClientIdSetter(instance.clock, instance.random);
  }

  /** Calls a listener; `hasSucceeded` tells of its status. */
  around<S>(
    messages: readonly MessageExt[],
    listener: () => S | Promise<S>,
    hasSucceeded: (status: S) => boolean,
  ): S | Promise<S> {
    const end = this.begin(messages);
    const onStatus = (status: S) => {
      end(hasSucceeded(status) ? ConsumeReturnType.SUCCESS : ConsumeReturnType.FAILED);
      return status;
    };
    const onError = (error: unknown): never => {
      end(ConsumeReturnType.EXCEPTION);
      throw error;
    };
    try {
      const status = listener();
      return status instanceof Promise ? status.then(onStatus, onError) : onStatus(status);
    } catch (error) {
      return onError(error);
    }
  }

  private begin(messages: readonly MessageExt[]): (code: number) => void {
    const { groupName, dispatcher } = this;
    const timestamp = this.instance.clock.now();
    const requestId = this.ids.createUniqId();
    const traced = messages.filter((message) => message.getProperty(MessageConst.TRACE_SWITCH) !== 'false');
    const beans = traced.map((message): Traced => {
      const { msgId, reconsumeTimes: retryTimes } = message;
      const keys = message.getProperty(MessageConst.KEYS);
      const regionId = message.getProperty(MessageConst.MSG_REGION);
      const common = { timestamp, groupName, requestId };
      dispatcher.append({ traceType: 'SubBefore', ...common, regionId, msgId, retryTimes, keys });
      return { msgId, keys };
    });
    return (code) => this.end(beans, requestId, timestamp, messages.length, code);
  }

  private end(
    beans: readonly Traced[],
    requestId: string,
    beganAt: number,
    count: number,
    code: number,
  ): void {
    const { groupName } = this;
    const timestamp = this.instance.clock.now();
    const costTime = Math.trunc((timestamp - beganAt) / count);
    const isLate = timestamp - beganAt >= this.consumeTimeout;
    const contextCode = isLate ? ConsumeReturnType.TIME_OUT : code;
    const success = code === ConsumeReturnType.SUCCESS;
    const common = { requestId, costTime, success, contextCode, timestamp, groupName };
    for (const bean of beans) this.dispatcher.append({ traceType: 'SubAfter', ...common, ...bean });
  }
}
