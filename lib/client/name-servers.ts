import { MQBrokerError } from '../errors/mq-broker.error.js';
import { MQClientError } from '../errors/mq-client.error.js';
import type { RemotingRequest, RemotingResponse } from '../remoting/remoting-command.js';
import type { RequestCode } from '../remoting/request-code.js';
import { ClientErrorCode, ResponseCode } from '../remoting/response-code.js';
import { invoke, type Transport } from '../remoting/transport/transport.js';

/** Milliseconds that each further name server has once one does not know a topic: mostly there is none, and a send waits. */
const SECOND_OPINION_TIMEOUT = 1000;

/**
 * The name servers of a client. One of them is asked as long as it answers, then the next one
 * (NettyRemotingClient#getAndCreateNameserverChannel); also when it does not know a topic, as brokers may not reach it.
 * Clients begin at different ones.
 */
export class NameServers {
  private chosen: number;

  constructor(
    private readonly transport: Transport,
    readonly addresses: readonly string[],
    random: () => number,
  ) {
    this.chosen = Math.floor(random() * addresses.length);
  }

  /**
   * Asks one name server after the other, until one answers with success; else, if one says so, there is no such topic.
   *
   * @throws MQClientError, code 10004, when none does.
   */
  async request<C extends RequestCode>(
    request: RemotingRequest<C>,
    timeoutMillis: number,
  ): Promise<RemotingResponse<C>> {
    const { addresses, chosen } = this;
    let unknown: RemotingResponse<C> | undefined;
    let lastError: unknown;
    for (let i = 0; i < addresses.length; i++) {
      const index = (chosen + i) % addresses.length;
      try {
        const timeout =
          unknown === undefined ? timeoutMillis : Math.min(timeoutMillis, SECOND_OPINION_TIMEOUT);
        const response = await this.ask(addresses[index]!, request, timeout);
        const isKnown = response.code === ResponseCode.SUCCESS;
        if (isKnown || unknown === undefined) this.chosen = index;
        if (isKnown) return response;
        unknown ??= response;
      } catch (error) {
        lastError = error;
      }
    }
    if (unknown !== undefined) return unknown;
    throw new MQClientError(`No name server of ${addresses.join(';')} answers`, {
      cause: lastError,
      responseCode: ClientErrorCode.NO_NAME_SERVER,
      retryable: true,
    });
  }

  private async ask<C extends RequestCode>(
    address: string,
    request: RemotingRequest<C>,
    timeoutMillis: number,
  ): Promise<RemotingResponse<C>> {
    const response = await invoke(this.transport, address, request, timeoutMillis);
    const { code, remark } = response;
    if (code === ResponseCode.SUCCESS || code === ResponseCode.TOPIC_NOT_EXIST) return response;
    throw new MQBrokerError(code, remark ?? '', address);
  }
}
