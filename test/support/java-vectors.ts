import { readFileSync } from 'node:fs';

/** What single functions of Apache RocketMQ return; see test/vectors/README.md. */
export interface JavaVectors {
  readonly stringHashCode: readonly { text: string; hashCode: number }[];
  readonly selectMessageQueueByHash: readonly {
    type: string;
    arg: string;
    indexByQueueCount: Readonly<Record<string, number>>;
  }[];
  readonly allocate: Readonly<
    Record<'AVG' | 'AVG_BY_CIRCLE', readonly { queues: number; consumers: number; queueIds?: number[][] }[]>
  >;
  readonly buildSubscriptionData: readonly {
    expression: string | null;
    subString?: string;
    tagsSet?: string[];
    codeSet?: number[];
    expressionType?: string;
    exception?: string;
  }[];
  readonly checkTopic: readonly { name: string | null; ok: boolean; errorMessage?: string }[];
  readonly checkGroup: readonly { name: string | null; ok: boolean; errorMessage?: string }[];
  readonly validateTopic: readonly {
    name: string | null;
    valid: boolean;
    remark: string;
    notAllowedSend: boolean;
  }[];
}

// Vite's own reader of JSON refuses the lone surrogate in it.
export const javaVectors = JSON.parse(
  readFileSync(new URL('../vectors/java.json', import.meta.url), 'utf8'),
) as JavaVectors;
