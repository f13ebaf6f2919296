import { describe, expect, it } from 'vitest';
import { Message } from '../../lib/common/message.js';
import { MQClientError, type RocketMQSendOptions } from '../../lib/index.js';
import { applyDelay } from '../../lib/template/message-delay.js';

function propertiesOf(options: RocketMQSendOptions): Record<string, string> {
  const message = new Message('t', Buffer.from('x'));
  applyDelay(message, options);
  return Object.fromEntries(message.properties);
}

describe('the options delay and deliverAt', () => {
  it.each([
    [{ delay: 1500 }, { TIMER_DELAY_MS: '1500' }],
    [{ delay: '90s' }, { TIMER_DELAY_MS: '90000' }],
    [{ delay: '10m' }, { TIMER_DELAY_MS: '600000' }],
    [{ delay: '1h30m' }, { TIMER_DELAY_MS: '5400000' }],
    [{ delay: '2d' }, { TIMER_DELAY_MS: '172800000' }],
    [{ delay: '250ms', delayLevel: 0 }, { TIMER_DELAY_MS: '250' }],
    [{ delay: 0 }, {}],
    [{ deliverAt: 1_800_000_000_000 }, { TIMER_DELIVER_MS: '1800000000000' }],
    [{ deliverAt: new Date(1_800_000_000_000) }, { TIMER_DELIVER_MS: '1800000000000' }],
    [{}, {}],
  ])('%j become %j', (options, properties) => {
    expect(propertiesOf(options)).toEqual(properties);
  });

  it.each([
    [{ delay: -1 }, 'delay is -1; allowed'],
    [{ delay: 1.5 }, 'delay is 1.5'],
    [{ delay: NaN }, 'delay is null'],
    [{ delay: '' }, 'delay is ""'],
    [{ delay: '10' }, 'delay is "10"'],
    [{ delay: '10 s' }, 'delay is "10 s"'],
    [{ delay: '999999999999d' }, 'delay is "999999999999d"'],
    [{ deliverAt: new Date(NaN) }, 'deliverAt is Invalid Date'],
    [{ deliverAt: 0 }, 'deliverAt is 0'],
    [{ delay: 1, deliverAt: 1 }, 'delay and deliverAt both say'],
    [{ delay: 1, delayLevel: 1 }, 'delayLevel and delay both say'],
    [{ deliverAt: 1, delayLevel: 1 }, 'delayLevel and deliverAt both say'],
  ])('%j are refused', (options, text) => {
    const set = () => propertiesOf(options);
    expect(set).toThrow(MQClientError);
    expect(set).toThrow(text);
  });
});
