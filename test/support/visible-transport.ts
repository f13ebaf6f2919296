import type { MessageBatch } from '../../lib/remoting/body/message-batch.js';
import type { SendMessageRequestHeader } from '../../lib/remoting/header/send-message-request-header.js';
import type { SendMessageResponseHeader } from '../../lib/remoting/header/send-message-response-header.js';
import type { RemotingRequest, RemotingResponse } from '../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { invoke, type ResponseCallback } from '../../lib/remoting/transport/transport.js';
import { ForwardingTransport } from './forwarding-transport.js';

const SENDS: ReadonlySet<RequestCode> = new Set([
  RequestCode.SEND_MESSAGE,
  RequestCode.SEND_BATCH_MESSAGE,
  RequestCode.SEND_REPLY_MESSAGE,
]);

/** A message that was stored elsewhere than it was sent to never becomes visible there. */
const MAX_LOOKS = 200;

/** Apache's broker answers a send some time before the message can be read. Here the answer comes afterwards. */
export class VisibleTransport extends ForwardingTransport {
  override invoke<C extends RequestCode>(
    address: string,
    request: RemotingRequest<C>,
    timeoutMillis: number,
    callback: ResponseCallback<C>,
  ): void {
    if (!SENDS.has(request.code)) return super.invoke(address, request, timeoutMillis, callback);
    this.transport.invoke(address, request, timeoutMillis, {
      onError: (error) => callback.onError(error),
      onResponse: (response) =>
        // A client that is shut down meanwhile looks no more.
        void this.untilVisible(address, request as never, response as never)
          .catch(() => {})
          .finally(() => callback.onResponse(response)),
    });
  }

  private async untilVisible(
    address: string,
    request: { header: SendMessageRequestHeader; body: Buffer | MessageBatch },
    { header }: RemotingResponse & { header: SendMessageResponseHeader | undefined },
  ): Promise<void> {
    const { topic, properties } = request.header;
    if (header === undefined || Number(properties.get('DELAY') ?? 0) > 0) return;
    const { queueId, queueOffset } = header;
    const last = queueOffset + (Buffer.isBuffer(request.body) ? 0 : request.body.length - 1);
    const look = { code: RequestCode.GET_MAX_OFFSET, header: { topic, queueId }, body: undefined };
    for (let i = 0; i < MAX_LOOKS; i++) {
      const { header: found } = await invoke(this.transport, address, look, 3000);
      if (found === undefined || found.offset > last) return;
    }
  }
}
