import { registerAnswer } from '../../../remoting/answers.js';
import { success } from '../../../remoting/remoting-command.js';
import { RequestCode } from '../../../remoting/request-code.js';
import type { RequestDispatcher } from '../../../remoting/request-dispatcher.js';
import type { BrokerController } from '../broker-controller.js';
import type { PopService } from '../pop/pop-service.js';
import { AckMessageProcessor } from './ack-message-processor.js';
import { ChangeInvisibleTimeProcessor } from './change-invisible-time-processor.js';
import { NotificationProcessor } from './notification-processor.js';
import { PeekMessageProcessor } from './peek-message-processor.js';
import { refuseConsumer } from '../pop/pop-checks.js';
import { PopMessageProcessor } from './pop-message-processor.js';

/** Everything that consumers ask which share messages out one by one. */
export function registerPopProcessors(
  dispatcher: RequestDispatcher,
  broker: BrokerController,
  pops: PopService,
): void {
  const pop = new PopMessageProcessor(broker, pops);
  const ack = new AckMessageProcessor(broker, pops);
  const change = new ChangeInvisibleTimeProcessor(broker, pops);
  const notification = new NotificationProcessor(broker, pops);
  const peek = new PeekMessageProcessor(broker, pops);
  const { acks, pulls } = broker.fastFailure;
  dispatcher.register(RequestCode.POP_MESSAGE, (r, c) => pop.process(r, c), pulls);
  registerAnswer(dispatcher, RequestCode.ACK_MESSAGE, (r) => ack.ack(r), acks);
  registerAnswer(dispatcher, RequestCode.BATCH_ACK_MESSAGE, (r) => ack.batchAck(r), acks);
  registerAnswer(dispatcher, RequestCode.CHANGE_MESSAGE_INVISIBLETIME, (r) => change.process(r), acks);
  dispatcher.register(RequestCode.NOTIFICATION, (r, c) => notification.process(r, c));
  registerAnswer(dispatcher, RequestCode.PEEK_MESSAGE, (r) => peek.process(r));
  registerAnswer(dispatcher, RequestCode.POLLING_INFO, ({ header }) => {
    const { topic, consumerGroup, queueId } = header;
    const pollingNum = pops.polling.pollingNum(topic, consumerGroup, Math.max(queueId, -1));
    return refuseConsumer(broker, header) ?? success({ pollingNum }, undefined);
  });
}
