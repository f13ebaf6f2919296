import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** An application that fetches its messages itself; prints one line for each thing that worked. */
public class LitePull {
    private static final int COUNT = 40;
    private static final int SECONDS = 60;
    private static final String TOPIC = "java-pull";

    private final String nameServer;
    private final DefaultMQProducer producer = new DefaultMQProducer("java-pull-producer");

    private LitePull(String nameServer) {
        this.nameServer = nameServer;
    }

    public static void main(String[] arguments) throws Exception {
        // Its threads would keep the process alive.
        Thread.currentThread().setUncaughtExceptionHandler((thread, error) -> {
            error.printStackTrace();
            System.exit(1);
        });
        LitePull pull = new LitePull(arguments[0]);
        pull.producer.setNamesrvAddr(arguments[0]);
        // The first send of a cold JVM takes long on a busy machine.
        pull.producer.setSendMsgTimeout(30_000);
        pull.producer.start();
        pull.subscribe();
        pull.assign();
        System.exit(0);
    }

    /** The second consumer of the group goes on where the first one committed. */
    private void subscribe() throws Exception {
        send("first");
        pollSubscribed("first");
        done("subscribe");
        send("second");
        pollSubscribed("second");
        done("commit");
    }

    private void pollSubscribed(String prefix) throws Exception {
        DefaultLitePullConsumer consumer = consumerOf("java-pull-group");
        consumer.subscribe(TOPIC, "*");
        consumer.start();
        expect(poll(consumer, COUNT), prefix);
        consumer.commitSync();
        consumer.shutdown();
    }

    private void assign() throws Exception {
        DefaultLitePullConsumer consumer = consumerOf("java-assign-group");
        consumer.start();
        Collection<MessageQueue> queues = consumer.fetchMessageQueues(TOPIC);
        consumer.assign(queues);
        // Two rounds of the tests before.
        for (MessageQueue queue : queues) consumer.seekToBegin(queue);
        expect(poll(consumer, 2 * COUNT), "first", "second");
        done("assign");
        for (MessageQueue queue : queues) consumer.seek(queue, COUNT / queues.size());
        expect(poll(consumer, COUNT), "second");
        done("seek");
        consumer.commitSync();
        for (MessageQueue queue : queues) {
            check(consumer.committed(queue) == 2 * COUNT / queues.size(), "what is committed for " + queue);
            check(consumer.offsetForTimestamp(queue, 0L) == 0, "an offset by time");
        }
        done("committed");
        consumer.shutdown();
    }

    private DefaultLitePullConsumer consumerOf(String group) {
        DefaultLitePullConsumer consumer = new DefaultLitePullConsumer(group);
        consumer.setNamesrvAddr(nameServer);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setAutoCommit(false);
        return consumer;
    }

    /** The same number of messages to each queue. */
    private void send(String prefix) throws Exception {
        for (int i = 0; i < COUNT; i++) {
            Message message = new Message(TOPIC, (prefix + i).getBytes());
            producer.send(message, (queues, m, index) -> queues.get((int) index % queues.size()), i);
        }
    }

    private static List<String> poll(DefaultLitePullConsumer consumer, int count) {
        List<String> bodies = new ArrayList<>();
        for (int i = 0; i < SECONDS && bodies.size() < count; i++) {
            for (MessageExt message : consumer.poll(1000)) bodies.add(new String(message.getBody()));
        }
        return bodies;
    }

    private static void expect(List<String> bodies, String... prefixes) {
        Set<String> expected = new HashSet<>();
        for (String prefix : prefixes) for (int i = 0; i < COUNT; i++) expected.add(prefix + i);
        check(bodies.size() == expected.size() && expected.equals(new HashSet<>(bodies)), "what is read: " + bodies);
    }

    private static void check(boolean isTrue, String what) {
        if (!isTrue) throw new IllegalStateException(what + " does not work");
    }

    private static void done(String what) {
        System.out.println("worked: " + what);
    }
}
