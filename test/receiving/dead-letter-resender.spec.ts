import { expect, it, vi } from 'vitest';
import { decodeMessage } from '../../lib/common/message-decoder.js';
import { DeadLetterResender, type MessageSender } from '../../lib/receiving/dead-letter-resender.js';
import { ScriptedCluster } from '../support/scripted-cluster.js';
import { startInstance } from '../support/test-peers.js';
import { encodeRecord, innerMessage } from '../support/test-store.js';

it.each([
  ['none', {}, '%RETRY%g_orders', 'orders'],
  ['ns', { namespace: 'ns' }, '%RETRY%ns%g_ns%orders', 'orders'],
  ['none', {}, '%RETRY%h_orders', '%RETRY%h_orders'],
])(
  'sends what died where popped messages wait (namespace: %s) to its topic',
  async (_, client, origin, topic) => {
    const instance = startInstance(new ScriptedCluster(), { client });
    const send = vi.fn<MessageSender['send']>();
    const properties = new Map([['RETRY_TOPIC', origin]]);
    const dead = decodeMessage(encodeRecord(innerMessage({ topic: '%DLQ%g', properties })))!;
    await new DeadLetterResender(instance, { send }).resend(dead, 'g', false);
    expect(send.mock.calls[0]![0].topic).toBe(topic);
  },
);
