import { crc32 } from '../../common/crc32.js';
import { RemotingCodecError } from '../../errors/remoting-codec.error.js';
import { registerAnswer } from '../../remoting/answers.js';
import type { Channel } from '../../remoting/channel.js';
import { decodeRegisterBrokerBody } from '../../remoting/codec/register-broker-body-codec.js';
import type { Request, Response } from '../../remoting/named-request.js';
import { failure, success, type RemotingResponse } from '../../remoting/remoting-command.js';
import { RequestCode } from '../../remoting/request-code.js';
import type { RequestDispatcher } from '../../remoting/request-dispatcher.js';
import { ResponseCode } from '../../remoting/response-code.js';
import { isSameVersion, type BrokerLiveTable } from './broker-live-table.js';

/** What brokers of other processes say to the name server (DefaultRequestProcessor). */
export class RegisterBrokerProcessor {
  constructor(private readonly brokers: BrokerLiveTable) {}

  registerAt(dispatcher: RequestDispatcher): void {
    registerAnswer(dispatcher, RequestCode.REGISTER_BROKER, (request, channel) =>
      this.registerBroker(request, channel),
    );
    registerAnswer(dispatcher, RequestCode.UNREGISTER_BROKER, ({ header }) => {
      this.brokers.unregister(header);
      return success(undefined, undefined);
    });
    registerAnswer(dispatcher, RequestCode.QUERY_DATA_VERSION, ({ header, body }) => {
      const known = this.brokers.heartbeat(header);
      const changed = known === undefined || !isSameVersion(known, body);
      return success({ changed }, known);
    });
    registerAnswer(dispatcher, RequestCode.BROKER_HEARTBEAT, ({ header }) => {
      this.brokers.heartbeat(header);
      return success(undefined, undefined);
    });
  }

  private registerBroker(
    { header, body }: Request<'REGISTER_BROKER'>,
    channel: Channel,
  ): Response<'REGISTER_BROKER'> {
    try {
      if (header.bodyCrc32 !== 0 && header.bodyCrc32 !== crc32(body)) return refuse('crc32 not match');
      const topics = decodeRegisterBrokerBody(body, header.compressed);
      const result = this.brokers.register(header, topics, channel);
      return typeof result === 'string' ? refuse(result) : success(result, undefined);
    } catch (error) {
      if (!(error instanceof RemotingCodecError)) throw error;
      return refuse(error.message);
    }
  }
}

function refuse(remark: string): RemotingResponse<never> {
  return failure(ResponseCode.SYSTEM_ERROR, remark);
}
