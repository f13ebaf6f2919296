import { RocketMQError } from './rocketmq.error.js';

/** A broker or name server answered with an error: `responseCode` and its remark. */
export class MQBrokerError extends RocketMQError {
  constructor(
    responseCode: number,
    remark: string,
    readonly brokerAddr?: string,
    retryable = false,
    topic?: string,
  ) {
    super('BROKER', `CODE: ${responseCode}  DESC: ${remark}${brokerAddr ? ` BROKER: ${brokerAddr}` : ''}`, {
      responseCode,
      retryable,
      topic,
      broker: brokerAddr,
    });
  }
}
