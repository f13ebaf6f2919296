import { MASTER_ID } from '../common/mix-all.js';
import type { BrokerData } from '../remoting/body/topic-route-data.js';

/** The member of a broker that a consumer asks (FindBrokerResult). */
export interface FoundBroker {
  readonly address: string;
  readonly isSlave: boolean;
}

/** Where brokers are: broker name to broker id to address (MQClientInstance, `brokerAddrTable`). */
export class BrokerAddrTable {
  private readonly table = new Map<string, ReadonlyMap<number, string>>();

  get isEmpty(): boolean {
    return this.table.size === 0;
  }

  keep(brokers: Iterable<BrokerData>): void {
    for (const { brokerName, brokerAddrs } of brokers) this.table.set(brokerName, brokerAddrs);
  }

  /** Forgets every address that none of these brokers has (#cleanOfflineBroker). */
  retain(brokers: Iterable<BrokerData>): void {
    const online = new Set<string>();
    for (const { brokerAddrs } of brokers) for (const address of brokerAddrs.values()) online.add(address);
    for (const [brokerName, addresses] of this.table) {
      const remaining = [...addresses].filter(([, address]) => online.has(address));
      if (remaining.length === 0) this.table.delete(brokerName);
      else this.table.set(brokerName, new Map(remaining));
    }
  }

  /** The master. */
  findInPublish(brokerName: string): string | undefined {
    return this.table.get(brokerName)?.get(MASTER_ID);
  }

  /** The member with this id, else the next slave, else the first one that there is (#findBrokerAddressInSubscribe). */
  findInSubscribe(brokerName: string, brokerId: number): FoundBroker | undefined {
    const members = this.table.get(brokerName);
    if (members === undefined) return undefined;
    // Almost always, and asked for every pull.
    const known = members.get(brokerId);
    if (known !== undefined) return { address: known, isSlave: brokerId !== MASTER_ID };
    const candidates = brokerId === MASTER_ID ? [] : [brokerId + 1];
    const id = [...candidates, ...[...members.keys()].toSorted((a, b) => a - b)].find((one) =>
      members.has(one),
    );
    return id === undefined ? undefined : { address: members.get(id)!, isSlave: id !== MASTER_ID };
  }

  /** The addresses of the masters, or of all members. */
  addresses(withSlaves: boolean): string[] {
    return [...this.table.values()].flatMap((members) =>
      [...members].filter(([id]) => withSlaves || id === MASTER_ID).map(([, address]) => address),
    );
  }

  /** Names of the brokers that have a master. */
  brokerNames(): string[] {
    return [...this.table.keys()].filter((brokerName) => this.findInPublish(brokerName) !== undefined);
  }
}
