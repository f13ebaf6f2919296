import java.util.List;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;

/** Gives every message up when it comes first, and takes it when it comes again, until its input ends. */
public final class DeadLetters {
    public static void main(String[] arguments) throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(arguments[1]);
        consumer.setNamesrvAddr(arguments[0]);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(arguments[2], "*");
        List<String> known = new java.util.concurrent.CopyOnWriteArrayList<>();
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            MessageExt message = messages.get(0);
            boolean isNew = !known.contains(message.getMsgId());
            known.add(message.getMsgId());
            System.out.println(String.join(" ", isNew ? "first:" : "again:", message.getTopic(), message.getMsgId(),
                message.getKeys(), message.getTags(), message.getUserProperty("region"), "" + message.getReconsumeTimes(),
                new String(message.getBody())));
            context.setDelayLevelWhenNextConsume(-1);
            return isNew ? ConsumeConcurrentlyStatus.RECONSUME_LATER : ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        System.in.read();
        consumer.shutdown();
        System.exit(0);
    }
}
