import { MessageConst } from '../common/message-const.js';
import type { MessageExt } from '../common/message-ext.js';
import type { Message } from '../common/message.js';
import type { LocalTransactionState, TransactionListener } from '../client/index.js';
import { MQClientError } from '../errors/index.js';
import type { RocketMQLocalTransactionListener } from '../interfaces/transaction-listener.interface.js';
import { noTransactionListener } from '../rocketmq.messages.js';
import type { RocketMQLocalTransactionState } from './local-transaction-state.js';
import type { PayloadConverter } from './payload-converter.js';
import { toTransactionMessage } from './transaction-message.js';

/** The property of a message that names its transaction listener. */
export const TRANSACTION_LISTENER_PROPERTY = 'TRANSACTION_LISTENER';

/** A transaction listener of this application. */
export interface NamedTransactionListener {
  readonly name: string;
  /** Undefined: those that no other listener has. */
  readonly topics: ReadonlySet<string> | undefined;
  readonly listener: RocketMQLocalTransactionListener;
}

const STATES: Readonly<Record<RocketMQLocalTransactionState, LocalTransactionState>> = {
  COMMIT: 'COMMIT_MESSAGE',
  ROLLBACK: 'ROLLBACK_MESSAGE',
  UNKNOWN: 'UNKNOW',
};

/** Finds the listener of a transaction: for a send by name or topic, for a check by the name in the message. */
export class TransactionRouter implements TransactionListener {
  private found: readonly NamedTransactionListener[] | undefined;
  private hasStarted = false;
  private find: () => readonly NamedTransactionListener[] = () => [];

  constructor(private readonly payloads: PayloadConverter) {}

  /** Listeners are looked for when they are first needed: then all of them are there. */
  lookWith(find: () => readonly NamedTransactionListener[]): void {
    this.find = find;
  }

  get listeners(): readonly NamedTransactionListener[] {
    return (this.found ??= this.find());
  }

  /**
   * Lets listeners be asked from now on: what they need may not have been there before.
   *
   * @throws ConfigurationError for listeners that are illegal or contradict each other.
   */
  start(): void {
    this.found = this.find();
    this.hasStarted = true;
  }

  /** @throws MQClientError when there is none, or more than one. */
  select(topic: string, name: string | undefined): NamedTransactionListener {
    const candidates = this.candidates(topic, name);
    if (candidates.length === 1) return candidates[0]!;
    throw new MQClientError(
      noTransactionListener(
        topic,
        name,
        this.listeners.map((each) => each.name),
      ),
    );
  }

  async executeLocalTransaction(message: Message, arg: unknown): Promise<LocalTransactionState> {
    const { listener } = this.listenerOf(message);
    const transactionId = message.getProperty(MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX);
    const generic = await toTransactionMessage(message, transactionId, this.payloads);
    return stateOf(await listener.executeLocalTransaction!(generic, arg));
  }

  async checkLocalTransaction(message: MessageExt): Promise<LocalTransactionState> {
    if (!this.hasStarted) return 'UNKNOW';
    const { listener } = this.listenerOf(message);
    const generic = await toTransactionMessage(message, message.msgId, this.payloads);
    return stateOf(await listener.checkLocalTransaction(generic));
  }

  private listenerOf(message: Message): NamedTransactionListener {
    return this.select(message.topic, message.getProperty(TRANSACTION_LISTENER_PROPERTY));
  }

  private candidates(topic: string, name: string | undefined): readonly NamedTransactionListener[] {
    if (name !== undefined) return this.listeners.filter((each) => each.name === name);
    const ofTopic = this.listeners.filter(({ topics }) => topics?.has(topic));
    return ofTopic.length > 0 ? ofTopic : this.listeners.filter(({ topics }) => topics === undefined);
  }
}

function stateOf(state: RocketMQLocalTransactionState): LocalTransactionState {
  if (Object.hasOwn(STATES, state)) return STATES[state];
  throw new TypeError(
    `the listener returned ${JSON.stringify(state)}; allowed: ${Object.keys(STATES).join(', ')}`,
  );
}
