/** What was counted under one name (BrokerStatsData). */
export interface BrokerStatsData {
  readonly statsMinute: BrokerStatsItem;
  readonly statsHour: BrokerStatsItem;
  readonly statsDay: BrokerStatsItem;
}

export interface BrokerStatsItem {
  readonly sum: number;
  /** A second. */
  readonly tps: number;
  /** At a time. */
  readonly avgpt: number;
}
