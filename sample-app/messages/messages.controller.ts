import { Controller, Get, NotFoundException, Param } from '@nestjs/common';
import { MQClientError, RocketMQAdmin } from 'nestjs-rocketmq';

/** The client's own code for a topic that no broker has (`ClientErrorCode.NOT_FOUND_TOPIC`). */
const NOT_FOUND_TOPIC = 10_005;

interface StoredMessage {
  readonly msgId: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly tag: string | undefined;
  readonly stored: Date;
  readonly body: string;
}

/** Lesson: looking at a topic without consuming it. */
@Controller('messages')
export class MessagesController {
  constructor(private readonly admin: RocketMQAdmin) {}

  @Get(':topic')
  async browse(@Param('topic') topic: string): Promise<StoredMessage[]> {
    try {
      return await this.first(topic);
    } catch (error) {
      if (error instanceof MQClientError && error.responseCode === NOT_FOUND_TOPIC)
        throw new NotFoundException(error.message);
      throw error;
    }
  }

  private async first(topic: string): Promise<StoredMessage[]> {
    const messages: StoredMessage[] = [];
    for await (const message of this.admin.browse(topic, { max: 20 })) {
      const { msgId, queueId, queueOffset, tags, storeTimestamp, body } = message;
      const stored = new Date(storeTimestamp);
      messages.push({ msgId, queueId, queueOffset, tag: tags, stored, body: body.toString('utf8') });
    }
    return messages;
  }
}
