import { TopicNames } from '../../../common/topic-validator.js';
import { MQVersion } from '../../../remoting/codec/mq-version.js';
import { failure, success } from '../../../remoting/remoting-command.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { BrokerController } from '../broker-controller.js';
import type { RequestQueue } from '../latency/request-queue.js';
import type { Request, Response } from '../../../remoting/named-request.js';

/** Their requests never wait: they are carried out in the turn in which they arrive. */
const WITHOUT_QUEUE = ['litePull', 'query'];

/** What the broker says of itself, for administrators (AdminBrokerProcessor). */
export class BrokerInfoProcessor {
  constructor(private readonly broker: BrokerController) {}

  getBrokerRuntimeInfo(): Response<'GET_BROKER_RUNTIME_INFO'> {
    const entries = [
      ...this.broker.store.runtimeInfo(),
      ...this.identity(),
      ...this.throughput(),
      ...this.threadPools(),
      ...this.timers(),
      ...this.scheduleOffsets(),
    ];
    return success(undefined, { table: new Map(entries) });
  }

  viewBrokerStatsData({
    header: { statsName, statsKey },
  }: Request<'VIEW_BROKER_STATS_DATA'>): Response<'VIEW_BROKER_STATS_DATA'> {
    const item = this.broker.stats.find(statsName, statsKey);
    if (item !== undefined) {
      const { statsMinute, statsHour, statsDay } = item;
      return success(undefined, { statsMinute, statsHour, statsDay });
    }
    return failure(ResponseCode.SYSTEM_ERROR, `The stats <${statsName}> <${statsKey}> not exist`);
  }

  private identity(): [string, string][] {
    const { config, bootTimestamp, clock } = this.broker;
    return [
      ['brokerName', config.brokerName],
      ['brokerActive', 'true'],
      ['brokerVersion', String(MQVersion.V5_3_3)],
      ['brokerVersionDesc', 'V5_3_3'],
      ['bootTimestamp', String(bootTimestamp)],
      ['runtime', duration(clock.now() - bootTimestamp)],
      ['startAcceptSendRequestTimeStamp', '0'],
    ];
  }

  private throughput(): [string, string][] {
    const { stats } = this.broker;
    const { throughput } = stats;
    const put = throughput.days((totals) => totals.put);
    const get = throughput.days((totals) => totals.transferred);
    return [
      ['msgPutTotalYesterdayMorning', String(put.yesterdayMorning)],
      ['msgPutTotalTodayMorning', String(put.todayMorning)],
      ['msgPutTotalTodayNow', String(put.now)],
      ['msgGetTotalYesterdayMorning', String(get.yesterdayMorning)],
      ['msgGetTotalTodayMorning', String(get.todayMorning)],
      ['msgGetTotalTodayNow', String(get.now)],
      ['putTps', throughput.tps((totals) => totals.put)],
      ['getFoundTps', throughput.tps((totals) => totals.found)],
      ['getMissTps', throughput.tps((totals) => totals.miss)],
      ['getTotalTps', throughput.tps((totals) => totals.found + totals.miss)],
      ['getTransferredTps', throughput.tps((totals) => totals.transferred)],
      ['getTransferedTps', throughput.tps((totals) => totals.transferred)],
      ['getMessageEntireTimeMax', String(stats.getMessageEntireTimeMax)],
    ];
  }

  private threadPools(): [string, string][] {
    const { sends, pulls, acks, endTransactions } = this.broker.fastFailure;
    return [
      ...poolEntries('send', sends),
      ...poolEntries('pull', pulls),
      ...poolEntries('ack', acks),
      ...WITHOUT_QUEUE.flatMap((name) => poolEntries(name)),
      ['EndTransactionQueueSize', String(endTransactions.size)],
      ['EndTransactionThreadPoolQueueCapacity', String(endTransactions.capacity)],
    ];
  }

  /** How many a second are taken up and delivered is not counted. */
  private timers(): [string, string][] {
    const { readBehind, offsetBehind, pending } = this.broker.timerService;
    return [
      ['timerReadBehind', String(readBehind)],
      ['timerOffsetBehind', String(offsetBehind)],
      ['timerCongestNum', String(pending)],
      ['timerEnqueueTps', '0.0'],
      ['timerDequeueTps', '0.0'],
    ];
  }

  /** Of each level what is delivered, and what there is (ScheduleMessageService#buildRunningStats). */
  private scheduleOffsets(): [string, string][] {
    const { delayOffsets, store } = this.broker;
    return [...delayOffsets.all()].map(([level, offset]) => {
      const max = store.getMaxOffsetInQueue(TopicNames.SCHEDULE, level - 1);
      return [`scheduleMessageOffset_${level}`, `${offset},${max}`];
    });
  }
}

function poolEntries(name: string, queue?: RequestQueue): [string, string][] {
  const { size = 0, capacity = 0, headWaitTimeMills = 0 } = queue ?? {};
  return [
    [`${name}ThreadPoolQueueSize`, String(size)],
    [`${name}ThreadPoolQueueCapacity`, String(capacity)],
    [`${name}ThreadPoolQueueHeadWaitTimeMills`, String(headWaitTimeMills)],
  ];
}

/** As StoreStatsService#getFormatRuntime. */
function duration(millis: number): string {
  const seconds = Math.floor(millis / 1000);
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24];
  return `[ ${days} days, ${hours} hours, ${Math.floor(seconds / 60) % 60} minutes, ${seconds % 60} seconds ]`;
}
