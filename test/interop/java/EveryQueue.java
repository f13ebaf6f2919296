import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** Sends one message to each queue of a topic, wherever it is, and consumes all of them. */
public class EveryQueue {
    private static final int SECONDS = 60;

    public static void main(String[] arguments) throws Exception {
        String nameServer = arguments[0];
        String topic = arguments[1];
        DefaultMQProducer producer = new DefaultMQProducer("every-queue-producer");
        producer.setNamesrvAddr(nameServer);
        // The first send of a cold JVM takes long on a busy machine.
        producer.setSendMsgTimeout(30_000);
        producer.start();
        Set<String> sent = ConcurrentHashMap.newKeySet();
        Map<String, Integer> counts = new TreeMap<>();
        List<MessageQueue> queues = producer.fetchPublishMessageQueues(topic);
        for (MessageQueue queue : queues) {
            String id = queue.getBrokerName() + "/" + queue.getQueueId();
            producer.send(new Message(topic, id.getBytes()), queue);
            sent.add(id);
            counts.merge(queue.getBrokerName(), 1, Integer::sum);
        }
        System.out.println("sent: " + counts);

        Set<String> consumed = ConcurrentHashMap.newKeySet();
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer("every-queue-" + topic);
        consumer.setNamesrvAddr(nameServer);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) consumed.add(new String(message.getBody()));
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        for (int i = 0; i < SECONDS * 20 && !consumed.containsAll(sent); i++) Thread.sleep(50);
        System.out.println("consumed: " + consumed.containsAll(sent));
        consumer.shutdown();
        producer.shutdown();
        System.exit(0);
    }
}
