import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;

/** Sends and consumes one message with the trace of the official client; prints the ids of the message. */
public class TracedClients {
    public static void main(String[] arguments) throws Exception {
        try {
            run(arguments[0]);
            System.exit(0);
        } catch (Throwable error) {
            error.printStackTrace();
            System.exit(1);
        }
    }

    private static void run(String nameServer) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("java-traced-producer", true, null);
        producer.setNamesrvAddr(nameServer);
        // The first send of a cold JVM takes long on a busy machine.
        producer.setSendMsgTimeout(30_000);
        producer.start();
        Message message = new Message("java-traced", "tag", "key", "hello".getBytes());
        message.setDelayTimeLevel(1);
        SendResult result = producer.send(message);
        CountDownLatch consumed = new CountDownLatch(1);
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer("java-traced-group", true, null);
        consumer.setNamesrvAddr(nameServer);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe("java-traced", "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            consumed.countDown();
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        if (!consumed.await(60, TimeUnit.SECONDS)) throw new IllegalStateException("nothing came");
        // The trace is sent every five seconds, and a shutdown does not wait for it.
        Thread.sleep(6000);
        consumer.shutdown();
        producer.shutdown();
        System.out.println(result.getMsgId() + " " + result.getOffsetMsgId());
    }
}
