import { afterAll, beforeAll, describe } from 'vitest';
import { describeBatch } from './batch.suite.js';
import { describeBrokerInfo } from './broker-info.suite.js';
import type { Cluster, StartCluster } from './cluster.js';
import { describeAllocation } from './allocation.suite.js';
import { describeConsuming } from './consuming.suite.js';
import { describeGroupAdmin } from './group-admin.suite.js';
import { describeGroup } from './group.suite.js';
import { describeIdempotency } from './idempotency.suite.js';
import { describeLitePull } from './lite-pull.suite.js';
import { describeNamesrvAdmin } from './namesrv-admin.suite.js';
import { describeOffsetAdmin } from './offset-admin.suite.js';
import { describeProducer } from './producer.suite.js';
import { describePull } from './pull.suite.js';
import { describePushConsumer } from './push-consumer.suite.js';
import { describeQuery } from './query.suite.js';
import { describeRequestReply } from './request-reply.suite.js';
import { describeSendBack } from './send-back.suite.js';
import { describeSend } from './send.suite.js';
import { describeSql92 } from './sql92.suite.js';
import { describeTimer } from './timer.suite.js';
import { describeTopicAdmin } from './topic-admin.suite.js';
import { describeTrace } from './trace.suite.js';
import { describeTransaction } from './transaction.suite.js';

/** What name server, broker and clients must do wherever they run, in terms of the protocol. */
export function describeConformance(name: string, start: StartCluster): void {
  describe(`conformance ${name}`, () => {
    let cluster: Cluster;
    beforeAll(async () => void (cluster = await start()));
    afterAll(() => cluster.close());
    const ref = () => cluster;
    describeSend(ref);
    describeBatch(ref);
    describePull(ref);
    describeGroup(ref);
    describeSendBack(ref);
    describeQuery(ref);
    describeProducer(ref);
    describePushConsumer(ref);
    describeConsuming(ref);
    describeIdempotency(ref);
    describeAllocation(ref);
    describeRequestReply(ref);
    describeLitePull(ref);
    describeSql92(ref);
    describeTrace(ref);
    describeTopicAdmin(ref);
    describeGroupAdmin(ref);
    describeOffsetAdmin(ref);
    describeBrokerInfo(ref);
    describeNamesrvAdmin(ref);
    describeTimer(ref);
    describeTransaction(ref);
  });
}
