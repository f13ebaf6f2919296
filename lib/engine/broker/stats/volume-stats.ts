import { StatsItem } from '../../../common/stats/stats-item.js';

/** How many messages, and how many bytes. */
export interface Volume {
  readonly nums: StatsItem;
  readonly size: StatsItem;
}

/** Messages and bytes by topic, and by the group that they are for if there is one: one look-up for both counts. */
export class VolumeStats {
  private readonly table = new Map<string, Map<string, Volume>>();

  constructor(private readonly now: () => number) {}

  add(topic: string, group: string, messages: number, bytes: number): void {
    const volume = this.table.get(topic)?.get(group) ?? this.create(topic, group);
    volume.nums.add(messages);
    volume.size.add(bytes);
  }

  find(topic: string, group: string): Volume | undefined {
    return this.table.get(topic)?.get(group);
  }

  /** Notes all counts; those of which nothing came for a day are forgotten. */
  sample(timestamp: number): void {
    for (const volumes of this.table.values()) {
      for (const { nums, size } of volumes.values()) {
        nums.sample(timestamp);
        size.sample(timestamp);
      }
    }
    this.deleteIf((_topic, _group, { nums }) => nums.isIdle);
  }

  deleteIf(isDeleted: (topic: string, group: string, volume: Volume) => boolean): void {
    this.table.forEach((volumes, topic) => {
      volumes.forEach((volume, group) => {
        if (isDeleted(topic, group, volume)) volumes.delete(group);
      });
      if (volumes.size === 0) this.table.delete(topic);
    });
  }

  private create(topic: string, group: string): Volume {
    const volumes = this.table.get(topic) ?? new Map<string, Volume>();
    const volume = { nums: new StatsItem(this.now()), size: new StatsItem(this.now()) };
    this.table.set(topic, volumes.set(group, volume));
    return volume;
  }
}
