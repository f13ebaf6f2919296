import { CID_RMQ_SYS_PREFIX, DLQ_GROUP_TOPIC_PREFIX, RETRY_GROUP_TOPIC_PREFIX } from './mix-all.js';
import { isSystemTopic } from './topic-validator.js';

const SEPARATOR = '%';
const PREFIXES = [RETRY_GROUP_TOPIC_PREFIX, DLQ_GROUP_TOPIC_PREFIX];

/** A topic or group as brokers know it (NamespaceUtil#wrapNamespace). What belongs to the system has no namespace. */
export function wrapNamespace(namespace: string | undefined, resource: string): string {
  if (!namespace || !resource || isSystemResource(resource)) return resource;
  const [prefix, name] = split(resource);
  return name.startsWith(namespace + SEPARATOR) ? resource : prefix + namespace + SEPARATOR + name;
}

/** A topic or group as the application knows it; one of another namespace as it is (NamespaceUtil#withoutNamespace). */
export function withoutNamespace(resource: string, namespace: string | undefined): string {
  if (!namespace || !resource || isSystemResource(resource)) return resource;
  const [prefix, name] = split(resource);
  const start = namespace + SEPARATOR;
  return name.startsWith(start) ? prefix + name.slice(start.length) : resource;
}

function split(resource: string): [prefix: string, name: string] {
  const prefix = PREFIXES.find((one) => resource.startsWith(one)) ?? '';
  return [prefix, resource.slice(prefix.length)];
}

function isSystemResource(resource: string): boolean {
  return isSystemTopic(resource) || resource.startsWith(CID_RMQ_SYS_PREFIX);
}
