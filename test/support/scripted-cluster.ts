import { MQClientError } from '../../lib/errors/index.js';
import type { BrokerData, TopicRouteData } from '../../lib/remoting/body/topic-route-data.js';
import { success } from '../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ClientErrorCode } from '../../lib/remoting/response-code.js';
import type { Cluster } from '../conformance/cluster.js';
import { routeOf, ScriptedTransport, type ScriptedCall } from './scripted-transport.js';

/** Answers as a transport gives them when nothing listens. */
export function unreachable(call: ScriptedCall): void {
  call.fail(
    new MQClientError(`connect to ${call.address} failed: refused`, {
      responseCode: ClientErrorCode.CONNECT_BROKER,
      retryable: true,
    }),
  );
}

/** A route of brokers with masters and slaves: broker `a` has its master at `a:0`, and its first slave at `a:1`. */
export function clusterRoute(
  queueNums: number,
  members: Readonly<Record<string, readonly number[]>>,
): TopicRouteData {
  const { queueDatas } = routeOf(queueNums, ...Object.keys(members));
  const brokerDatas: BrokerData[] = Object.entries(members).map(([brokerName, ids]) => ({
    cluster: 'c',
    brokerName,
    brokerAddrs: new Map(ids.map((id) => [id, `${brokerName}:${id}`])),
  }));
  return { queueDatas, brokerDatas };
}

/** Brokers of which a test says which are dead; the others know one consumer, the one that asks. */
export class ScriptedCluster implements Cluster {
  readonly namesrvAddrs: readonly string[] = ['ns:1'];
  readonly transport = new ScriptedTransport();
  readonly dead = new Set<string>();
  /** All requests, in their order. */
  readonly requests: ScriptedCall[] = [];
  /** What a test answers itself. */
  answer: ((call: ScriptedCall) => boolean) | undefined;
  private clientId = '';

  constructor() {
    this.transport.respond = (call) => this.respond(call);
  }

  connect(): ScriptedTransport {
    return this.transport;
  }

  async close(): Promise<void> {}

  /** The addresses to which requests of a code went. */
  asked(code: RequestCode): string[] {
    return this.requests.filter(({ request }) => request.code === code).map(({ address }) => address);
  }

  private respond(call: ScriptedCall): void {
    this.requests.push(call);
    if (this.dead.has(call.address)) return unreachable(call);
    if (this.answer?.(call)) return;
    const { code, body } = call.request;
    if (code === RequestCode.HEART_BEAT) this.clientId = (body as { clientID: string }).clientID;
    const bodies: Partial<Record<RequestCode, unknown>> = {
      [RequestCode.GET_CONSUMER_LIST_BY_GROUP]: { consumerIdList: [this.clientId] },
    };
    // Pulls are held back.
    if (code !== RequestCode.PULL_MESSAGE)
      call.answer(success({ offset: 7 } as never, bodies[code] as never));
  }
}
