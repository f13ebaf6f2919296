/** Names of topics; `brokerAddr` is of one that knows them (TopicList). */
export interface TopicList {
  readonly topicList: readonly string[];
  readonly brokerAddr?: string;
}

/** Names of consumer groups (GroupList). */
export interface GroupList {
  readonly groupList: readonly string[];
}

/** (KVTable) */
export interface KVTable {
  readonly table: ReadonlyMap<string, string>;
}
