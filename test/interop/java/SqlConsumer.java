import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.MessageSelector;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;

/** The official client selects by SQL92; prints one line for each thing that worked. */
public class SqlConsumer {
    private static final int COUNT = 100;

    public static void main(String[] arguments) throws Exception {
        try {
            consume(arguments[0]);
            refuse(arguments[0]);
            System.exit(0);
        } catch (Throwable error) {
            error.printStackTrace();
            System.exit(1);
        }
    }

    private static void consume(String nameServer) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("java-sql-producer");
        producer.setNamesrvAddr(nameServer);
        // The first send of a cold JVM takes long on a busy machine.
        producer.setSendMsgTimeout(30_000);
        producer.start();
        for (int i = 0; i < COUNT; i++) {
            Message message = new Message("java-sql", "" + i % 3, ("" + i).getBytes());
            message.putUserProperty("n", "" + i);
            producer.send(message);
        }
        Set<Integer> got = new ConcurrentSkipListSet<>();
        DefaultMQPushConsumer consumer = consumer(nameServer, "java-sql-group");
        consumer.subscribe("java-sql", MessageSelector.bySql("(TAGS IS NOT NULL AND TAGS IN ('0', '1')) AND n BETWEEN 10 AND 20"));
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(message -> got.add(Integer.parseInt(new String(message.getBody()))));
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        Set<Integer> wanted = Set.of(10, 12, 13, 15, 16, 18, 19);
        for (int i = 0; i < 400 && !got.equals(wanted); i++) Thread.sleep(50);
        if (!got.equals(wanted)) throw new IllegalStateException("got " + got);
        consumer.shutdown();
        producer.shutdown();
        System.out.println("worked: consume");
    }

    private static void refuse(String nameServer) throws Exception {
        DefaultMQPushConsumer consumer = consumer(nameServer, "java-sql-wrong");
        consumer.subscribe("java-sql", MessageSelector.bySql("n >"));
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> ConsumeConcurrentlyStatus.CONSUME_SUCCESS);
        try {
            consumer.start();
        } catch (MQClientException error) {
            if (error.getResponseCode() == 23) System.out.println("worked: refuse");
            else throw error;
        }
    }

    private static DefaultMQPushConsumer consumer(String nameServer, String group) {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(nameServer);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        return consumer;
    }
}
