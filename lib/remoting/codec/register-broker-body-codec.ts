import { inflateSync } from 'node:zlib';
import { toFastjson } from '../../common/fastjson.js';
import { RemotingCodecError } from '../../errors/remoting-codec.error.js';
import { MAX_TOPICS, type RegisterBrokerBody, type RegisteredTopic } from '../body/register-broker-body.js';
import { MAX_QUEUES } from '../body/topic-config.js';
import { parseJsonBody } from './body-codec.js';
import { jsonBean, jsonMap, jsonOptional, jsonText } from './json-type.js';
import { dataVersion, topicConfigMembers } from './topic-config-types.js';

/** Largest body in bytes after it was inflated: as large as a frame may be that was not compressed. */
const MAX_SIZE = 16 * 1024 * 1024;
const MAX_PERM = 15;

/** The bean writes a constant for the attributes, which name servers do not look at. */
const registeredTopic = jsonBean<RegisteredTopic>(topicConfigMembers, { attributes: {} });

const registeredTopics = jsonBean<RegisterBrokerBody>({
  dataVersion: jsonOptional(dataVersion, { counter: 0, stateVersion: 0, timestamp: 0 }),
  topicConfigTable: jsonMap(jsonText, registeredTopic),
});

const registerBrokerBody = jsonBean<{ readonly topicConfigSerializeWrapper: RegisterBrokerBody }>(
  { topicConfigSerializeWrapper: registeredTopics },
  { filterServerList: [] },
);

/** The body of REGISTER_BROKER without compression, as Apache's brokers of 5.3.3 send it. */
export function encodeRegisterBrokerBody(body: RegisterBrokerBody): Buffer {
  return Buffer.from(toFastjson(registerBrokerBody.write({ topicConfigSerializeWrapper: body }, true)));
}

/**
 * Reads the body of REGISTER_BROKER (RegisterBrokerBody#decode).
 *
 * @throws RemotingCodecError when it is malformed, or says impossible things.
 */
export function decodeRegisterBrokerBody(body: Buffer, isCompressed: boolean): RegisterBrokerBody {
  return guarded(() => (isCompressed ? readCompressed(inflate(body)) : readJson(body)));
}

function readJson(body: Buffer): RegisterBrokerBody {
  const { topicConfigSerializeWrapper } = registerBrokerBody.read(parseJsonBody(body), 'body');
  for (const [name, topic] of topicConfigSerializeWrapper.topicConfigTable) checkTopic(name, topic);
  return topicConfigSerializeWrapper;
}

function inflate(body: Buffer): Buffer {
  return inflateSync(body, { maxOutputLength: MAX_SIZE });
}

/** The version and then each topic, all with their length before them; what follows is of no interest. */
function readCompressed(body: Buffer): RegisterBrokerBody {
  let position = 0;
  const readPart = (): Buffer => {
    const start = position + 4;
    const length = body.readInt32BE(position);
    if (length < 0 || start + length > body.length) throw new RangeError(`A text of ${length} bytes`);
    position = start + length;
    return body.subarray(start, position);
  };
  const version = dataVersion.read(parseJsonBody(readPart()), 'dataVersion');
  const topicCount = body.readInt32BE(position);
  position += 4;
  if (topicCount > MAX_TOPICS) throw new RangeError(`${topicCount} topics`);
  const topics = new Map<string, RegisteredTopic>();
  for (let i = 0; i < topicCount; i++) {
    const topic = parseTopic(readPart().toString());
    checkTopic(topic.topicName, topic);
    topics.set(topic.topicName, topic);
  }
  return { dataVersion: version, topicConfigTable: topics };
}

/** `name readQueueNums writeQueueNums perm filterType attributes` (TopicConfig#decode). */
function parseTopic(line: string): RegisteredTopic {
  const [topicName = '', readQueueNums, writeQueueNums, perm, topicFilterType = 'SINGLE_TAG'] = line.split(
    ' ',
    5,
  );
  return {
    topicName,
    readQueueNums: Number(readQueueNums),
    writeQueueNums: Number(writeQueueNums),
    perm: Number(perm),
    topicFilterType,
    topicSysFlag: 0,
    order: false,
  };
}

function checkTopic(name: string, { readQueueNums, writeQueueNums, perm }: RegisteredTopic): void {
  const isCount = (value: number, max: number) => Number.isInteger(value) && value >= 0 && value <= max;
  if (isCount(readQueueNums, MAX_QUEUES) && isCount(writeQueueNums, MAX_QUEUES) && isCount(perm, MAX_PERM))
    return;
  throw new RemotingCodecError(
    `The topic ${JSON.stringify(name.slice(0, 255))} has ${readQueueNums} and ${writeQueueNums} queues and the permission ${perm}`,
  );
}

function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RemotingCodecError) throw error;
    throw new RemotingCodecError(`The topics of a broker cannot be read: ${String(error)}`, error);
  }
}
