import { crc32 } from '../../common/crc32.js';
import { RemotingCodecError } from '../../errors/remoting-codec.error.js';
import type { RequestContext } from '../../remoting/channel.js';
import { decodeRegisterBrokerBody } from '../../remoting/codec/register-broker-body-codec.js';
import { failure, success, type RemotingRequest } from '../../remoting/remoting-command.js';
import { RequestCode } from '../../remoting/request-code.js';
import type { RequestDispatcher } from '../../remoting/request-dispatcher.js';
import { ResponseCode } from '../../remoting/response-code.js';
import { isSameVersion, type BrokerLiveTable } from './broker-live-table.js';

type RegisterCode = typeof RequestCode.REGISTER_BROKER;

/** What brokers of other processes say to the name server (DefaultRequestProcessor). */
export class RegisterBrokerProcessor {
  constructor(private readonly brokers: BrokerLiveTable) {}

  registerAt(dispatcher: RequestDispatcher): void {
    dispatcher.register(RequestCode.REGISTER_BROKER, (request, context) =>
      this.registerBroker(request, context),
    );
    dispatcher.register(RequestCode.UNREGISTER_BROKER, ({ header }, context) => {
      this.brokers.unregister(header);
      context.reply(success(undefined, undefined));
    });
    dispatcher.register(RequestCode.QUERY_DATA_VERSION, ({ header, body }, context) => {
      const known = this.brokers.heartbeat(header);
      const changed = known === undefined || !isSameVersion(known, body);
      context.reply(success({ changed }, known));
    });
    dispatcher.register(RequestCode.BROKER_HEARTBEAT, ({ header }, context) => {
      this.brokers.heartbeat(header);
      context.reply(success(undefined, undefined));
    });
  }

  private registerBroker(
    { header, body }: RemotingRequest<RegisterCode>,
    context: RequestContext<RegisterCode>,
  ): void {
    try {
      if (header.bodyCrc32 !== 0 && header.bodyCrc32 !== crc32(body))
        return refuse(context, 'crc32 not match');
      const topics = decodeRegisterBrokerBody(body, header.compressed);
      const result = this.brokers.register(header, topics, context.channel);
      if (typeof result === 'string') refuse(context, result);
      else context.reply(success(result, undefined));
    } catch (error) {
      if (!(error instanceof RemotingCodecError)) throw error;
      refuse(context, error.message);
    }
  }
}

function refuse(context: RequestContext<RegisterCode>, remark: string): void {
  context.reply(failure(ResponseCode.SYSTEM_ERROR, remark));
}
