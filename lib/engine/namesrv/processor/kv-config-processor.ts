import { failure, success, type RemotingResponse } from '../../../remoting/remoting-command.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { Request, Response } from '../../../remoting/named-request.js';
import type { KVConfigManager } from '../kvconfig/kv-config-manager.js';

/** Longest namespace, key and value in characters. */
const MAX_LENGTH = 10_000;
/** Most keys of all namespaces. */
const MAX_KEYS = 10_000;

/** Keys and values of administrators (DefaultRequestProcessor). */
export class KVConfigProcessor {
  constructor(private readonly kvConfig: KVConfigManager) {}

  async putKVConfig({
    header: { namespace, key, value },
  }: Request<'PUT_KV_CONFIG'>): Promise<Response<'PUT_KV_CONFIG'>> {
    if ([namespace, key, value].some(({ length }) => length > MAX_LENGTH)) {
      const remark = `namespace, key and value may have ${MAX_LENGTH} characters each`;
      return failure(ResponseCode.INVALID_PARAMETER, remark);
    }
    if (this.kvConfig.get(namespace, key) === undefined && this.kvConfig.size >= MAX_KEYS) {
      return failure(ResponseCode.SYSTEM_ERROR, `there are ${MAX_KEYS} keys already: delete some`);
    }
    await this.kvConfig.put(namespace, key, value);
    return success(undefined, undefined);
  }

  getKVConfig({ header: { namespace, key } }: Request<'GET_KV_CONFIG'>): Response<'GET_KV_CONFIG'> {
    const value = this.kvConfig.get(namespace, key);
    if (value !== undefined) return success({ value }, undefined);
    return notFound(`No config item, Namespace: ${namespace} Key: ${key}`);
  }

  async deleteKVConfig({
    header: { namespace, key },
  }: Request<'DELETE_KV_CONFIG'>): Promise<Response<'DELETE_KV_CONFIG'>> {
    await this.kvConfig.delete(namespace, key);
    return success(undefined, undefined);
  }

  getKVListByNamespace({
    header: { namespace },
  }: Request<'GET_KVLIST_BY_NAMESPACE'>): Response<'GET_KVLIST_BY_NAMESPACE'> {
    const table = this.kvConfig.list(namespace);
    if (table !== undefined) return success(undefined, { table });
    return notFound(`No config item, Namespace: ${namespace}`);
  }
}

function notFound(remark: string): RemotingResponse<never> {
  return failure(ResponseCode.QUERY_NOT_FOUND, remark);
}
