import { MQBrokerError } from '../errors/mq-broker.error.js';
import { MQClientError } from '../errors/mq-client.error.js';
import type { RemotingRequest, RemotingResponse } from '../remoting/remoting-command.js';
import type { RequestCode } from '../remoting/request-code.js';
import { ClientErrorCode, ResponseCode } from '../remoting/response-code.js';
import { invoke, type Transport } from '../remoting/transport/transport.js';

/**
 * The name servers of a client. One of them is asked as long as it answers, then the next one
 * (NettyRemotingClient#getAndCreateNameserverChannel). Clients begin at different ones.
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
   * Asks one name server after the other, until one answers with success or that there is no such topic.
   *
   * @throws MQClientError, code 10004, when none does.
   */
  async request<C extends RequestCode>(
    request: RemotingRequest<C>,
    timeoutMillis: number,
  ): Promise<RemotingResponse<C>> {
    const { addresses, chosen } = this;
    let lastError: unknown;
    for (let i = 0; i < addresses.length; i++) {
      const index = (chosen + i) % addresses.length;
      try {
        const response = await this.ask(addresses[index]!, request, timeoutMillis);
        this.chosen = index;
        return response;
      } catch (error) {
        lastError = error;
      }
    }
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
