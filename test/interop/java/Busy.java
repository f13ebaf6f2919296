import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.message.Message;

/** Sends more at once than a slow disk takes, and goes on when it has caught up. Argument: NAME-SERVER. */
public class Busy {
    private static final String TOPIC = "BenchmarkTest";
    private static final int COUNT = 50;

    public static void main(String[] arguments) throws Exception {
        try {
            DefaultMQProducer producer = new DefaultMQProducer("java-busy-producer");
            producer.setNamesrvAddr(arguments[0]);
            // The first send of a cold JVM takes long on a busy machine.
            producer.setSendMsgTimeout(30_000);
            producer.start();
            producer.send(message(0));

            CountDownLatch answers = new CountDownLatch(COUNT);
            AtomicInteger stored = new AtomicInteger();
            List<Throwable> errors = Collections.synchronizedList(new ArrayList<>());
            for (int i = 0; i < COUNT; i++) producer.send(message(i), new SendCallback() {
                @Override
                public void onSuccess(SendResult result) {
                    stored.incrementAndGet();
                    answers.countDown();
                }

                @Override
                public void onException(Throwable error) {
                    errors.add(error);
                    answers.countDown();
                }
            });
            check(answers.await(30, TimeUnit.SECONDS), "all answers");
            check(stored.get() > 0 && !errors.isEmpty(), stored + " stored, " + errors.size() + " refused");
            for (Throwable error : errors) {
                check(error instanceof MQBrokerException, "an error of the broker, not " + error);
                check(((MQBrokerException) error).getResponseCode() == 2, "code 2, not " + error);
                check(error.getMessage().contains("[TIMEOUT_CLEAN_QUEUE]broker busy, start flow control for a while"), "" + error);
            }
            System.out.println("worked: refuse");

            for (int i = 0; ; i++) {
                try {
                    check(producer.send(message(i)).getSendStatus() == SendStatus.SEND_OK, "a send when the disk has caught up");
                    break;
                } catch (MQClientException error) {
                    check(error.getResponseCode() == 2 && i < 20, "code 2, not " + error);
                }
            }
            System.out.println("worked: resume");
        } catch (Throwable error) {
            error.printStackTrace();
            System.out.println("failed: " + error);
        }
        System.exit(0);
    }

    private static Message message(int number) {
        return new Message(TOPIC, ("" + number).getBytes());
    }

    private static void check(boolean isTrue, String what) {
        if (!isTrue) throw new AssertionError(what);
    }
}
