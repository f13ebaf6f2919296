import { describe, expect, it } from 'vitest';
import { MessageBackSender } from '../../../lib/client/consumer/message-back-sender.js';
import { decodeMessage } from '../../../lib/common/message-decoder.js';
import type { MessageExt } from '../../../lib/common/message-ext.js';
import { MessageSysFlag } from '../../../lib/common/message-sys-flag.js';
import { parseSocketHost } from '../../../lib/common/socket-host.js';
import { failure } from '../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../lib/remoting/response-code.js';
import type { SendMessageRequestHeader } from '../../../lib/remoting/header/send-message-request-header.js';
import { clusterRoute, ScriptedCluster } from '../../support/scripted-cluster.js';
import { startInstance } from '../../support/test-peers.js';
import { encodeRecord, innerMessage } from '../../support/test-store.js';
import { VirtualClock } from '../../support/virtual-clock.js';

const { COMPRESSED, COMPRESSION_ZSTD } = MessageSysFlag;

/** Broker `a`, from which a message came, and `b`. */
async function open() {
  const cluster = new ScriptedCluster();
  cluster.transport.routes.set('t', clusterRoute(1, { a: [0], b: [0] }));
  const instance = startInstance(cluster, { clock: new VirtualClock() });
  await instance.updateTopicRouteInfo('t');
  return { cluster, sender: new MessageBackSender(instance, 'g', 16) };
}

function messageFrom(brokerName: string, fields: Parameters<typeof innerMessage>[0] = {}): MessageExt {
  const message = decodeMessage(encodeRecord(innerMessage({ topic: 't', ...fields })))!;
  message.brokerName = brokerName;
  return message;
}

describe('a copy of a message', () => {
  it('says of the flags no more than how its body is compressed', async () => {
    const { cluster, sender } = await open();
    const ipv6 = parseSocketHost('[2001:db8::1]:10911');
    const { TRANSACTION_COMMIT_TYPE, INNER_BATCH, NEED_UNWRAP } = MessageSysFlag;
    const sysFlag = COMPRESSED | COMPRESSION_ZSTD | TRANSACTION_COMMIT_TYPE | INNER_BATCH | NEED_UNWRAP;
    const message = messageFrom('a', { sysFlag, bornHost: ipv6, storeHost: ipv6 });
    expect(message.sysFlag & MessageSysFlag.BORNHOST_V6).not.toBe(0);
    await sender.sendToRetryTopic(message);
    await sender.sendDead(message, 'why');
    const sent = cluster.requests.filter(({ request }) => request.code === RequestCode.SEND_MESSAGE);
    expect(sent.map(({ request }) => (request.header as SendMessageRequestHeader).sysFlag)).toEqual(
      Array.from({ length: 2 }, () => COMPRESSED | COMPRESSION_ZSTD),
    );
  });

  it('has the id of the first of its messages, as the consoles that send dead letters again need it', async () => {
    const { cluster, sender } = await open();
    const message = messageFrom('a');
    await sender.sendDead(message, 'why');
    await sender.sendDead(messageFrom('a', { properties: new Map([['ORIGIN_MESSAGE_ID', 'first']]) }), 'why');
    const sent = cluster.requests.filter(({ request }) => request.code === RequestCode.SEND_MESSAGE);
    const ids = sent.map(({ request }) =>
      (request.header as SendMessageRequestHeader).properties.get('ORIGIN_MESSAGE_ID'),
    );
    expect(ids).toEqual([message.msgId, 'first']);
  });

  it.each(['FLUSH_DISK_TIMEOUT', 'SLAVE_NOT_AVAILABLE', 'FLUSH_SLAVE_TIMEOUT'] as const)(
    'counts as stored with %s, and is sent to no other broker',
    async (code) => {
      const { cluster, sender } = await open();
      cluster.answer = (call) => {
        call.answer(failure(ResponseCode[code], ''));
        return true;
      };
      await sender.sendToRetryTopic(messageFrom('a'));
      expect(cluster.asked(RequestCode.SEND_MESSAGE)).toEqual(['a:0']);
    },
  );
});
