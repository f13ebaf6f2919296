import type { MessageSelector, ConsumerConfig, MessageListener } from '../../lib/client/index.js';
import type { MessageExt } from '../../lib/common/message-ext.js';
import type { MessageQueueAssignment } from '../../lib/remoting/body/query-assignment.js';
import type {
  AckMessageRequestHeader,
  ChangeInvisibleTimeRequestHeader,
  PopMessageRequestHeader,
  PopMessageResponseHeader,
} from '../../lib/remoting/header/pop-message-request-header.js';
import { failure, success } from '../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { clusterRoute, ScriptedCluster } from './scripted-cluster.js';
import type { ScriptedCall } from './scripted-transport.js';
import { startConsumer, startInstance } from './test-peers.js';
import { encodeRecord, innerMessage, RecordingLogger } from './test-store.js';
import { VirtualClock } from './virtual-clock.js';

export const INVISIBLE = 60_000;
export const POP_TIME = 1_700_000_000_000;

export interface Popped {
  readonly offset?: number;
  readonly tag?: string;
  readonly reconsumeTimes?: number;
  readonly properties?: Readonly<Record<string, string>>;
  readonly topic?: string;
}

export const assignment = (queueId: number, mode: 'PULL' | 'POP' = 'POP'): MessageQueueAssignment => {
  return { messageQueue: { topic: 't', brokerName: 'a', queueId }, mode };
};

/** A consumer of one broker, whose answers the test gives. */
export async function openPopConsumer(
  listener: MessageListener,
  consumer: Partial<ConsumerConfig> = {},
  selector: string | MessageSelector = '*',
) {
  const clock = new VirtualClock();
  const logger = new RecordingLogger();
  const cluster = new ScriptedCluster();
  cluster.transport.routes.set('t', clusterRoute(2, { a: [0] }));
  const broker = {
    assignments: [assignment(-1)] as readonly MessageQueueAssignment[] | undefined,
    knowsAssignments: true,
    refuses: new Set<RequestCode>(),
  };
  const pops: ScriptedCall[] = [];
  cluster.answer = (call) => {
    const { code } = call.request;
    if (code === RequestCode.POP_MESSAGE) pops.push(call);
    else if (broker.refuses.has(code)) call.answer(failure(ResponseCode.SYSTEM_ERROR, 'refused'));
    else if (code === RequestCode.QUERY_ASSIGNMENT)
      call.answer(
        broker.knowsAssignments
          ? success(undefined as never, { messageQueueAssignments: broker.assignments } as never)
          : failure(ResponseCode.REQUEST_CODE_NOT_SUPPORTED, 'request type 400 not supported'),
      );
    else return false;
    return true;
  };
  const config = { clientRebalance: false, ...consumer };
  const instance = startInstance(cluster, { clock, logger });
  const options = { instance, consumer: config };
  const peer = await startConsumer(cluster, 'g', { t: selector }, listener, options);
  await clock.advance(0);
  const headers = <T>(code: RequestCode) =>
    cluster.requests.filter(({ request }) => request.code === code).map(({ request }) => request.header as T);
  return {
    clock,
    logger,
    cluster,
    broker,
    instance,
    consumer: peer,
    /** The pop that waits for an answer. */
    pops,
    acks: () => headers<AckMessageRequestHeader>(RequestCode.ACK_MESSAGE),
    changes: () => headers<ChangeInvisibleTimeRequestHeader>(RequestCode.CHANGE_MESSAGE_INVISIBLETIME),
    dead: () => headers<{ topic: string; maxReconsumeTimes: number }>(RequestCode.SEND_MESSAGE),
    popped: () => headers<PopMessageRequestHeader>(RequestCode.POP_MESSAGE),
    /** Answers the oldest pop. */
    answer: async (
      messages: readonly Popped[],
      header: Partial<PopMessageResponseHeader> = {},
      damage: (body: Buffer) => void = () => {},
    ) => {
      const records = messages.map(({ offset = 0, tag, properties, reconsumeTimes = 0, topic = 't' }) => {
        const all = new Map([...Object.entries(properties ?? {}), ...(tag ? [['TAGS', tag] as const] : [])]);
        return encodeRecord(innerMessage({ topic, queueId: 0, properties: all, reconsumeTimes }), {
          queueOffset: offset,
        });
      });
      const start = messages[0]?.offset ?? 0;
      const answer = {
        popTime: POP_TIME,
        invisibleTime: INVISIBLE,
        reviveQid: 3,
        restNum: 0,
        startOffsetInfo: `0 0 ${start}`,
        msgOffsetInfo: `0 0 ${messages.map(({ offset = 0 }) => offset).join(',')}`,
        ...header,
      };
      const body = Buffer.concat(records);
      damage(body);
      pops.shift()!.answer(success(answer as never, body as never));
      await clock.advance(0);
    },
    refuse: async (code: ResponseCode) => {
      pops.shift()!.answer(failure(code, 'nothing'));
      await clock.advance(0);
    },
  };
}

/** A listener that ends when the test says so. */
export function held() {
  const waiting: (() => void)[] = [];
  const begun: MessageExt[] = [];
  const listener: MessageListener = {
    concurrently: async (messages) => {
      begun.push(...messages);
      await new Promise<void>((resolve) => waiting.push(resolve));
      return 'CONSUME_SUCCESS' as const;
    },
  };
  const release = () => {
    for (const end of waiting.splice(0)) end();
  };
  return { begun, listener, release };
}
