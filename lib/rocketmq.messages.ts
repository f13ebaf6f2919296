import type { MQBrokerError } from './errors/index.js';

/** Texts of the errors that a user can cause, as functions of what failed. */

export const listenerWithoutMethod = (listener: string): string =>
  `${listener} has @RocketMQMessageListener but no method onMessage: add one, or put the decorator on a method.`;

export const otherCopy = (listener: string): string =>
  `${listener} has its decorator from another copy of nestjs-rocketmq than RocketMQModule, so that what it returns would not be understood: ` +
  'have one copy only; npm ls nestjs-rocketmq tells which there are.';

export const listenerWithoutTopic = (listener: string): string =>
  `@RocketMQMessageListener of ${listener} has no topic: write @RocketMQMessageListener({ topic: '…' }).`;

export const decoratedTwice = (listener: string, first: unknown, second: unknown): string =>
  `${listener} has two decorators of listeners, of topic ${JSON.stringify(first)} and of topic ${JSON.stringify(second)}, but can have ` +
  'one only: name all topics in one of them, or give each a method of its own.';

export const illegalName = (listener: string, kind: string, name: string, fault: string): string =>
  `The ${kind} "${name}" of listener ${listener} is illegal: ${fault}${isPlaceholder(name) ? placeholderHint : ''}`;

export const groupOfMixin = (listener: string, group: string): string =>
  `The consumer group of listener ${listener} is "${group}", a name that mixin() makes anew at every start, so that each would be a new group: ` +
  'give it a consumerGroup.';

/** Of Spring. */
export const isPlaceholder = (name: string): boolean => name.includes('${');

const placeholderHint =
  '. Nothing fills in placeholders here: write process.env.…, or set the option with consumer.listenerEnhancers.';

export const severalSelectors = (group: string, topic: string, first: string, second: string): string =>
  `A consumer group has one SQL92 expression for a topic, but in group "${group}" both ${first} and ${second} listen to ` +
  `topic "${topic}": give one of them a consumerGroup of its own.${providedTwice(first, second)}`;

export const orderlyBroadcasting = (listener: string): string =>
  `Listener ${listener} is ORDERLY and BROADCASTING, which cannot go together: use messageModel CLUSTERING or ` +
  'consumeMode CONCURRENTLY.';

export const contradiction = (
  group: string,
  option: string,
  [first, firstValue]: [string, unknown],
  [second, secondValue]: [string, unknown],
): string => {
  const [a, b] = [shown(firstValue), shown(secondValue)];
  return (
    `Listeners of one consumer group share one consumer, but in group "${group}" ${option} is ${a} in ` +
    `${first} and ${a === b ? 'another ' : ''}${b} in ${second}: make them equal, or give one of them a consumerGroup of its own.`
  );
};

function shown(value: unknown): string {
  if (typeof value === 'function') return `function ${value.name}`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export const overlap = (group: string, topic: string, first: string, second: string, tags: string): string =>
  `In consumer group "${group}" both ${first} and ${second} listen to ${tags} of topic "${topic}", but each message goes ` +
  `to one of them only: give them different tags, or one of them a consumerGroup of its own.${providedTwice(first, second)}`;

/** What helps when two listeners are one class. */
function providedTwice(first: string, second: string): string {
  return first === second
    ? ' If it is one class in the providers of two modules: let one of them export it, and the other import that module.'
    : '';
}

export const ownDeadLetters = (listener: string, group: string): string =>
  `Listener ${listener} is in group "${group}" and listens to its dead messages, which would come again for ever when it fails: give it ` +
  'another consumerGroup.';

export const missingPackage = (name: string, listener: string, option: string): string =>
  `${listener} needs the package ${name} for its ${option}: npm install ${name}`;

export const validateWithoutClass = (listener: string): string =>
  `${listener} has validate: true but no class as messageType: name the class that has the validation rules.`;

export const typeNotBuilt = (listener: string, type: string): string =>
  `${listener} has ${type} as messageType, which would arrive without data: write Object, Array or String, and make it in the listener, or in ` +
  'fromBody of a messageConverter.';

export const idempotentWithoutListener = (name: string): string =>
  `${name} has @Idempotent but is no listener: put it beside @RocketMQMessageListener.`;

export const idempotentBroadcasting = (listener: string): string =>
  `Listener ${listener} is @Idempotent and BROADCASTING: every instance is to get every message, but only the first would. Leave ` +
  'one of them out.';

export const idempotentNamesakes = (group: string, listener: string, topics: readonly string[]): string =>
  `In consumer group "${group}" two @Idempotent listeners have the name ${listener} (${topics.map((topic) => `topic "${topic}"`).join(' and ')}) and could ` +
  'share their keys, so that one would leave out what the other handled: rename one of them, or give it a consumerGroup of its own.';

export const ttlBeyondMessages = (listener: string, ttlHours: number, fileReservedTime: number): string =>
  `@Idempotent of ${listener} has a ttl of ${ttlHours} hours, but its records leave with the log files of the engine after ${fileReservedTime} ` +
  '(fileReservedTime): what comes again later is handled again. Keep messages for longer, or name another store.';

export const missingIdempotencyStore = (store: string, listener: string): string =>
  `The store ${store} of @Idempotent of ${listener} cannot be used: make it a provider of a module, not request-scoped, with a method ` +
  'begin.';

export const missingErrorHandler = (handler: string, listener: string): string =>
  `The errorHandler ${handler} of ${listener} cannot be used: make it a provider of a module, not request-scoped, with a method ` +
  'handleError.';

export const unusedTimestamp = (owner: string): string =>
  `${owner} has a consumeTimestamp, which means something with consumeFromWhere: 'CONSUME_FROM_TIMESTAMP' only: set that too, or leave it out.`;

export const batchInOrder = (listener: string): string =>
  `Listener ${listener} has a batch and is ORDERLY, which cannot go together: use consumeMode CONCURRENTLY, or no batch.`;

export const batchOfReplies = (listener: string): string =>
  `Listener ${listener} has a batch and replies, which cannot go together: leave out batch or reply.`;

export const batchAndSingle = (group: string, batch: string, single: string): string =>
  `In consumer group "${group}" ${batch} has a batch and ${single} has none, but one consumer cannot do both: give ` +
  'both a batch, or one of them a consumerGroup of its own.';

export const unknownListenerGroup = (group: string, groups: readonly string[]): string =>
  `No listener is in consumer group "${group}"; there are: ${groups.join(', ') || 'none: there are no listeners, or the application has not started'}`;

export const listenerNotRunning = (group: string, isClosed: boolean): string =>
  `The listeners of group "${group}" do not run: ${isClosed ? 'the application ends' : 'start them first'}.`;

export const topicOfNoListener = (group: string, topic: string, topics: readonly string[]): string =>
  `No listener of group "${group}" listens to topic "${topic}"; there are: ${topics.join(', ')}`;

export const emptyReply = (listener: string): string =>
  `${listener} returned nothing to reply: return the reply, or set emptyReply: 'SEND' to reply null.`;

export const replyWithoutContent = (listener: string): string =>
  `${listener} returned a reply without content, an empty text or no bytes, which RocketMQ has no messages for: return something else.`;

export const noRequest = (listener: string, msgId: string, topic: string): string =>
  `${listener} handled message ${msgId} of topic ${topic}, which is no request: nobody waits for its reply. Send it with ` +
  'sendAndReceive.';

export const noPullConsumer = (): string =>
  "receive() needs a consumer to receive with: RocketMQModule.forRoot({ pullConsumer: { group: '…', topic: '…' } }).";

export const pullConsumerWithoutTopic = (): string =>
  'pullConsumer has no topic, and receive() could receive nothing: name one. For queues that are assigned use RocketMQPullConsumers.';

export const pullConsumerTooLate = (): string => 'The application ends: it makes no pull consumers any more.';

export const selectorWithoutTopic = (): string =>
  'selectorExpression needs a topic: queues that are assigned are read whole.';

export const illegalNameServer = (source: string, nameServer: string): string =>
  `${source} "${nameServer}" is no address: write host:port, several with ";" between them.`;

export const nameServerRefuses = (nameServer: string, cause: MQBrokerError): string =>
  `The name server at ${nameServer} does not let this application in (${cause.message}): correct accessKey and secretKey.`;

export const nameServerSilent = (nameServer: string, source: string, cause: unknown): string =>
  `No name server answers at ${nameServer} (${cause instanceof Error ? cause.message : String(cause)}): start it, or correct ` +
  `${source}. Without ${source} the engine runs in this process.`;

export const noBroker = (nameServer: string, source: string): string =>
  `The name server ${nameServer} knows no broker: start one, with this address as its namesrvAddr, or correct ${source}.`;

export const brokersSilent = (nameServer: string, addresses: readonly string[], cause: unknown): string =>
  `No broker answers at ${addresses.join(', ')}, as name server ${nameServer} gives their addresses ` +
  `(${cause instanceof Error ? cause.message : String(cause)}): start them, or, if they run elsewhere, set the address ` +
  'that they give out (brokerIP1 in their configuration) to one that this machine can reach.';

export const waitingForServers = (reason: string): string => `Waiting for the RocketMQ cluster. ${reason}`;

export const shutDownWhileWaiting = (nameServer: string): string =>
  `The application was shut down while it waited for the RocketMQ cluster of nameServer ${nameServer}.`;

export const engineForbidden = (): string =>
  'engine is false, so no engine may run in this process, and there is no nameServer: give one of the two.';

export const importedTwice = (count: number): string =>
  `RocketMQModule is imported ${count} times, and each of them would start all listeners: import forRoot once, in the root module. ` +
  'What it exports can be injected everywhere; with isGlobal: false share one object that forRoot returned. Messages of another ' +
  'cluster come from RocketMQPullConsumers, and go there with a producer of nestjs-rocketmq/client.';

export const illegalOptions = (options: unknown): string =>
  `The options of RocketMQModule are ${JSON.stringify(options)}; allowed: an object. Does the factory return them?`;

export const engineRunsHere = (reason: string, store: string, address: string | undefined): string =>
  `${reason}: the engine runs in this process, its store is ${store}` +
  (address === undefined ? '' : `, and others reach it at ${address}`);

export const waitingForStore = (store: string, timeout: number): string =>
  `The store ${store} is in use: for ${timeout / 1000} s this application waits for the one that has it to end`;

export const waitingForHost = (nameServer: string, fault: string, timeout: number): string =>
  `Nothing listens on nameServer ${nameServer} yet, but the engine cannot run here: ${fault} This is tried again for ` +
  `${timeout / 1000} s.`;

export const hostHasOtherStore = (nameServer: string, store: string): string =>
  `The engine at nameServer ${nameServer} has another store than this application (${store}), which therefore does not ` +
  'take its place when it ends. To change this give both the same engine.storePathRootDir, as an absolute path.';

export const hostIsGone = (nameServer: string, isHeir: boolean): string =>
  `Nothing listens on nameServer ${nameServer} any more: ` +
  (isHeir
    ? 'this application runs the engine as soon as the store is free, unless another one does'
    : 'its messages are in a store that this application does not have, so it waits until the engine is back');

export const hostIsBack = (nameServer: string): string =>
  `An engine listens on nameServer ${nameServer} again`;

export const cannotLookAtStore = (storePathRootDir: string, fault: string): string =>
  `This application will not take over the store ${storePathRootDir}, at which it may not look: ${fault}`;

export const cannotTakeOver = (nameServer: string, fault: string): string =>
  `This application cannot run the engine of nameServer ${nameServer}, and keeps trying: ${fault}`;

export const twoNameServers = (nameServer: string): string =>
  `nameServer is ${nameServer}, of which this application may become the host, and engine.namesrvAddr names others: leave ` +
  'nameServer out to be a broker of those, or set engine: false to be a client only.';
export const otherListenAddress = (nameServer: string, option: string, given: unknown): string =>
  `nameServer is ${nameServer}, where the engine listens if this application becomes the host, but engine.listen.${option} is ` +
  `${String(given)}: leave out one of them.`;
export const halfCredentials = (owner: string, missing: string): string =>
  `${owner}.${missing} is missing: accessKey and secretKey go together, and securityToken with both.`;
export const twoNamespaces = (namespace: string, namespaceV2: string): string =>
  `namespace is "${namespace}" and namespaceV2 is "${namespaceV2}", but there can be one of them only.`;

export const illegalTransactionListener = (listener: string): string =>
  `${listener} has @RocketMQTransactionListener and needs a method checkLocalTransaction, and one instance for all ` +
  'messages: it cannot be request-scoped or transient.';

export const illegalTransactionOption = (
  listener: string,
  option: string,
  value: unknown,
  allowed: string,
): string =>
  `@RocketMQTransactionListener of ${listener}: ${option} is ${JSON.stringify(value)}; allowed: ${allowed}`;

export const twoTransactionListeners = (first: string, second: string, shared: string): string =>
  `The transaction listeners ${first} and ${second} both have the ${shared}: one of them only may have it.${providedTwice(first, second)}`;

export const sharedProducerGroup = (listeners: readonly string[]): string =>
  `The transaction listeners of this application (${listeners.join(', ')}) and those of every other one that names no producer.group are in one group, ` +
  'of which a broker asks any member how a transaction ended: set producer.group to a name of this application.';

export const noTransactionListener = (
  topic: string,
  name: string | undefined,
  listeners: readonly string[],
): string => {
  const wanted = name === undefined ? `of topic "${topic}"` : `"${name}" for topic "${topic}"`;
  const known = listeners.length === 0 ? 'there is none' : `there are ${listeners.join(', ')}`;
  return (
    `It is not clear which transaction listener is that ${wanted} (${known}): add a provider with ` +
    '@RocketMQTransactionListener({ topics: [...] }), or name one with the option `listener`. Without one nobody could tell ' +
    'the broker how the transaction of a process ended that was killed.'
  );
};

export const listenerWithoutExecute = (listener: string): string =>
  `The transaction listener ${listener} has no method executeLocalTransaction: add one, or use template.transaction().`;

export const interceptorWithoutNext = (name: string): string =>
  `The send interceptor ${name} neither called next() nor threw, so nothing was sent: throw to refuse a send.`;

export const missingSendInterceptor = (name: string): string =>
  `The send interceptor ${name} cannot be used: make it a provider of a module, not request-scoped, with a method intercept.`;

export const missingMessageConverter = (name: string, owner: string): string =>
  `The messageConverter ${name} of ${owner} cannot be used: make it a provider of a module, not request-scoped, with toBody, ` +
  'fromBody or both.';

export const enhancerWithoutOptions = (type: string, method: string, returned: string): string =>
  `A listener enhancer returned ${returned} for ${type}.${method}; allowed: the options of the listener, at once and not as a promise.`;

export const illegalFilterResult = (listener: string, returned: string): string =>
  `The filter of ${listener} returned ${returned}; allowed: true or false, at once and not as a promise.`;

export const illegalDelayLevel = (returned: string, allowed: string): string =>
  `delayLevelWhenNextConsume returned ${returned}; allowed: ${allowed}`;

export const scopedPrepareStart = (listener: string): string =>
  `${listener} has prepareStart, which is called when the application starts, but there is an instance only when a message is there: make it, and ` +
  'global guards and the like, providers of the default scope.';

export const madeScoped = (type: string): string =>
  `${type} has methods that listen, and is made anew for every message and request, with all that inject it, because a guard, pipe, ` +
  'interceptor or filter before it is request-scoped: put the listeners into a class of their own.';

export const illegalParameter = (type: string, method: string, index: number): string =>
  `Parameter ${index + 1} of listener ${type}.${method} has a decorator that means something in controllers only: leave it out, or use ` +
  '@Body(), @RocketMQHeader, @RocketMQKeys, @RocketMQAttempt, or one made by createParamDecorator.';
