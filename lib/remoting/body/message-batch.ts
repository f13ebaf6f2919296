import type { InnerMessage } from '../../common/message-ext.js';

/** The messages of SEND_BATCH_MESSAGE, which have topic, queue and times in common. */
export type MessageBatch = readonly InnerMessage[];
