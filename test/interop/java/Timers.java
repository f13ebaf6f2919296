import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;

/** Sends timed messages, recalls one, and consumes the others when they are due. Argument: NAME-SERVER. */
public class Timers {
    private static final String TOPIC = "java-timers";
    private static final List<String> arrived = Collections.synchronizedList(new ArrayList<>());

    public static void main(String[] arguments) throws Exception {
        try {
            DefaultMQProducer producer = new DefaultMQProducer("java-timer-producer");
            producer.setNamesrvAddr(arguments[0]);
            // The first send of a cold JVM takes long on a busy machine.
            producer.setSendMsgTimeout(30_000);
            producer.start();
            producer.send(message("plain"));
            consume(arguments[0]);
            long start = System.currentTimeMillis();

            Message delayed = message("delay");
            delayed.setDelayTimeMs(2000);
            producer.send(delayed);
            Message seconds = message("seconds");
            seconds.setDelayTimeSec(3);
            producer.send(seconds);
            Message timed = message("time");
            timed.setDeliverTimeMs(start + 5000);
            SendResult kept = producer.send(timed);
            Message taken = message("recalled");
            taken.setDeliverTimeMs(start + 5000);
            SendResult sent = producer.send(taken);
            System.out.println("worked: send");

            check(sent.getMsgId().equals(producer.recallMessage(TOPIC, sent.getRecallHandle())), "recalled id");
            System.out.println("worked: recall");
            while (!arrived.contains("time")) {
                Thread.sleep(50);
                check(System.currentTimeMillis() < start + 20_000, "in time, not only " + arrived);
            }
            check(System.currentTimeMillis() >= start + 5000, "not early");
            Thread.sleep(1000);
            check(arrived.equals(List.of("plain", "delay", "seconds", "time")), "all in order: " + arrived);
            System.out.println("worked: deliver");
            try {
                producer.recallMessage(TOPIC, kept.getRecallHandle());
                check(false, "refusal");
            } catch (MQBrokerException error) {
                check(error.getResponseCode() == 604, "code 604, not " + error.getResponseCode());
            }
            System.out.println("worked: too late");
            System.exit(0);
        } catch (Throwable error) {
            error.printStackTrace();
            System.exit(1);
        }
    }

    private static void consume(String nameServer) throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer("java-timer-consumer");
        consumer.setNamesrvAddr(nameServer);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(TOPIC, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(message -> arrived.add(new String(message.getBody(), StandardCharsets.UTF_8)));
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
    }

    private static Message message(String body) {
        return new Message(TOPIC, body.getBytes(StandardCharsets.UTF_8));
    }

    private static void check(boolean holds, String what) {
        if (!holds) throw new AssertionError("expected " + what);
    }
}
