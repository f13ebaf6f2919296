import type { OptionRule } from '../../../common/option-rules.js';
import { formatHostAddress } from '../../../common/socket-host.js';
import type { Channel } from '../../../remoting/channel.js';
import { failure, success, type RemotingResponse } from '../../../remoting/remoting-command.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import { storeRules } from '../../store/message-store-config.js';
import { brokerRules } from '../broker-config.js';
import type { BrokerController } from '../broker-controller.js';
import { DataVersion } from '../../data-version.js';
import type { Request, Response } from '../../../remoting/named-request.js';

/** What is read anew whenever it is needed, and can neither lose nor open anything. */
const CHANGEABLE: ReadonlySet<string> = new Set([
  'autoCreateSubscriptionGroup',
  'longPollingEnable',
  'shortPollingTimeMills',
  'useServerSideResetOffset',
  'serverLoadBalancerEnable',
  'defaultMessageRequestMode',
  'defaultPopShareQueueNum',
  'maxMsgsNumBatch',
  'maxTransferCountOnMessageInMemory',
  'maxTransferBytesOnMessageInMemory',
  'maxTransferCountOnMessageInDisk',
  'maxTransferBytesOnMessageInDisk',
]);

/** Most bytes of all changes of one request. */
const MAX_SIZE = 65_536;

type Options = Record<string, unknown>;

/** Options of the running broker, for administrators (AdminBrokerProcessor). */
export class BrokerConfigProcessor {
  private readonly version: DataVersion;

  constructor(private readonly broker: BrokerController) {
    this.version = new DataVersion(broker.clock.now());
  }

  /** Lines of `key=value`, sorted, as Java's Properties are read. */
  getBrokerConfig(): Response<'GET_BROKER_CONFIG'> {
    const { config, storeConfig } = this.broker;
    const lines = Object.entries({ ...storeConfig, ...config, brokerId: 0, brokerRole: 'ASYNC_MASTER' })
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}=${escapeProperty(String(value))}\n`)
      .toSorted();
    return success({ version: JSON.stringify(this.version.toJson()) }, Buffer.from(lines.join('')));
  }

  /** All changes or none; they last until the broker ends, as its options are in the hands of the application. */
  updateBrokerConfig(
    { body }: Request<'UPDATE_BROKER_CONFIG'>,
    { remoteHost }: Channel,
  ): Response<'UPDATE_BROKER_CONFIG'> {
    if (!this.broker.config.updateBrokerConfigEnable) {
      const remark = 'options cannot be changed from outside: the engine has not updateBrokerConfigEnable';
      return failure(ResponseCode.NO_PERMISSION, remark);
    }
    if (body.length > MAX_SIZE) {
      return failure(ResponseCode.INVALID_PARAMETER, `changes of more than ${MAX_SIZE} bytes`);
    }
    const changes: [Options, string, unknown][] = [];
    for (const [name, text] of parseProperties(body.toString())) {
      const change = this.readChange(name, text);
      if ('code' in change) return change;
      changes.push([change.options, name, change.value]);
    }
    for (const [options, name, value] of changes) options[name] = value;
    this.version.next(this.broker.clock.now());
    const names = changes.map(([, name, value]) => `${name}=${String(value)}`).join(', ');
    this.broker.logger.log(`${formatHostAddress(remoteHost)} changed options of the broker: ${names}`);
    return success(undefined, undefined);
  }

  private readChange(
    name: string,
    text: string,
  ): { options: Options; value: unknown } | RemotingResponse<never> {
    if (!CHANGEABLE.has(name)) {
      const remark = `${name.slice(0, 100)} cannot be changed while the broker runs; there are: ${[...CHANGEABLE].join(', ')}`;
      return failure(ResponseCode.NO_PERMISSION, remark);
    }
    const isBrokerOption = Object.hasOwn(brokerRules, name);
    const rules: Readonly<Record<string, OptionRule<unknown>>> = isBrokerOption ? brokerRules : storeRules;
    const rule = rules[name]!;
    const value = typeof rule.default === 'number' ? Number(text) : text === 'true' ? true : text;
    const parsed = text === 'false' ? false : value;
    if (text === '' || !rule.accepts(parsed)) {
      const remark = `${name} is ${JSON.stringify(text.slice(0, 100))}; allowed: ${rule.allowed}`;
      return failure(ResponseCode.INVALID_PARAMETER, remark);
    }
    const { config, storeConfig } = this.broker;
    return { options: (isBrokerOption ? config : storeConfig) as unknown as Options, value: parsed };
  }
}

function escapeProperty(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
}

/** The entries of Java's Properties, without escapes and lines that go on, which no changeable option needs. */
function parseProperties(text: string): [string, string][] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines
    .filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('!'))
    .map((line) => {
      const end = line.search(/[=:]/);
      return end < 0 ? [line, ''] : [line.slice(0, end).trimEnd(), line.slice(end + 1).trimStart()];
    });
}
