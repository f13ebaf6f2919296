import type { StatsSnapshot } from '../../common/stats/stats-item.js';

/** What was counted under one name (BrokerStatsData). */
export interface BrokerStatsData {
  readonly statsMinute: StatsSnapshot;
  readonly statsHour: StatsSnapshot;
  readonly statsDay: StatsSnapshot;
}
