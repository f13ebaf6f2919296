import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.apis.ClientConfiguration;
import org.apache.rocketmq.client.apis.ClientServiceProvider;
import org.apache.rocketmq.client.apis.consumer.ConsumeResult;
import org.apache.rocketmq.client.apis.consumer.FilterExpression;
import org.apache.rocketmq.client.apis.consumer.FilterExpressionType;
import org.apache.rocketmq.client.apis.consumer.SimpleConsumer;
import org.apache.rocketmq.client.apis.message.MessageBuilder;
import org.apache.rocketmq.client.apis.message.MessageView;
import org.apache.rocketmq.client.apis.producer.Producer;
import org.apache.rocketmq.client.apis.producer.SendReceipt;
import org.apache.rocketmq.client.apis.producer.Transaction;
import org.apache.rocketmq.client.apis.producer.TransactionResolution;

/** An application with RocketMQ 5's client, which knows proxies only; prints one line for each thing that worked. */
public class GrpcClients {
    private static final int SECONDS = 60;

    private final ClientServiceProvider provider = ClientServiceProvider.loadService();
    private final Map<String, BlockingQueue<String>> consumed = new ConcurrentHashMap<>();
    private final Set<String> checked = ConcurrentHashMap.newKeySet();
    private final ClientConfiguration configuration;
    private final Producer producer;

    public static void main(String[] arguments) throws Exception {
        // Its threads would keep the process alive.
        Thread.currentThread().setUncaughtExceptionHandler((thread, error) -> {
            error.printStackTrace();
            System.exit(1);
        });
        new GrpcClients(arguments[0]).run();
        System.exit(0);
    }

    private GrpcClients(String proxy) throws Exception {
        configuration = ClientConfiguration.newBuilder().setEndpoints(proxy).enableSsl(false)
            .setRequestTimeout(Duration.ofSeconds(30)).build();
        producer = started(() -> provider.newProducerBuilder().setClientConfiguration(configuration)
            .setTopics("normal", "fifo", "delay", "transaction").setTransactionChecker(this::check).build());
    }

    /** A client that starts gives the proxy 3 s, of which one that has itself just started may need more. */
    private static <T> T started(Callable<T> build) throws Exception {
        for (int i = 0; i < SECONDS / 4; i++) {
            try {
                return build.call();
            } catch (Exception e) {
                e.printStackTrace();
                TimeUnit.SECONDS.sleep(1);
            }
        }
        throw new IllegalStateException("a client did not start");
    }

    private void run() throws Exception {
        simple();
        for (String topic : List.of("fifo", "delay", "transaction")) push(topic, FilterExpression.SUB_ALL);
        push("normal", new FilterExpression("region = 'EU' AND TAGS <> 'b'", FilterExpressionType.SQL92));
        selected();
        retried();
        inOrder();
        delayed();
        transactions();
        ofAnotherType();
    }

    private void simple() throws Exception {
        SimpleConsumer consumer = started(() -> provider.newSimpleConsumerBuilder().setClientConfiguration(configuration)
            .setConsumerGroup("simple").setAwaitDuration(Duration.ofSeconds(5))
            .setSubscriptionExpressions(Map.of("normal", new FilterExpression("a"))).build());
        producer.send(to("normal", "hurried").setTag("a").setKeys("k1").addProperty("region", "EU").build());
        MessageView first = receive(consumer);
        check(first, "hurried", 1);
        if (!first.getKeys().contains("k1") || !first.getProperties().equals(Map.of("region", "EU"))) {
            throw new IllegalStateException(first.toString());
        }
        consumer.changeInvisibleDuration(first, Duration.ofSeconds(1));
        MessageView again = receive(consumer);
        check(again, "hurried", 2);
        consumer.ack(again);
        producer.send(to("normal", "next").setTag("a").build());
        MessageView next = receive(consumer);
        check(next, "next", 1);
        consumer.ack(next);
        consumer.close();
        System.out.println("worked: receive and acknowledge");
    }

    private MessageView receive(SimpleConsumer consumer) throws Exception {
        for (int i = 0; i < SECONDS / 5; i++) {
            List<MessageView> messages = consumer.receive(1, Duration.ofSeconds(30));
            if (!messages.isEmpty()) return messages.get(0);
        }
        throw new IllegalStateException("nothing to receive");
    }

    private void selected() throws Exception {
        producer.send(to("normal", "of another region").addProperty("region", "US").build());
        producer.send(to("normal", "of another tag").setTag("b").addProperty("region", "EU").build());
        producer.send(to("normal", "selected").setTag("c").addProperty("region", "EU").build());
        // What the simple consumer had is for this group, too.
        expect("normal", "hurried/1", "selected/1");
        System.out.println("worked: SQL92");
    }

    private void retried() throws Exception {
        producer.send(to("normal", "fails once").addProperty("region", "EU").setTag("c").build());
        expect("normal", "fails once/1", "fails once/2");
        System.out.println("worked: retry");
    }

    private void inOrder() throws Exception {
        for (String text : List.of("first", "fails once", "third")) {
            producer.send(to("fifo", text).setMessageGroup("one").build());
        }
        expect("fifo", "first/1", "fails once/1", "fails once/2", "third/1");
        System.out.println("worked: order");
    }

    private void delayed() throws Exception {
        long due = System.currentTimeMillis() + 6000;
        SendReceipt recalled = producer.send(to("delay", "recalled").setDeliveryTimestamp(due).build());
        producer.send(to("delay", "delayed").setDeliveryTimestamp(due).build());
        producer.recallMessage("delay", recalled.getRecallHandle());
        expect("delay", "delayed/1");
        if (System.currentTimeMillis() < due) throw new IllegalStateException("too early");
        System.out.println("worked: delay and recall");
    }

    private void transactions() throws Exception {
        begin("committed").commit();
        begin("rolled back").rollback();
        begin("checked");
        expect("transaction", "committed/1", "checked/1");
        if (!checked.contains("checked")) throw new IllegalStateException("not asked");
        System.out.println("worked: transactions");
    }

    private Transaction begin(String text) throws Exception {
        Transaction transaction = producer.beginTransaction();
        producer.send(to("transaction", text).build(), transaction);
        return transaction;
    }

    private void ofAnotherType() throws Exception {
        try {
            producer.send(to("fifo", "without a group").build());
        } catch (IllegalArgumentException e) {
            System.out.println("worked: types of messages");
        }
    }

    private TransactionResolution check(MessageView message) {
        checked.add(text(message));
        return text(message).equals("checked") ? TransactionResolution.COMMIT : TransactionResolution.UNKNOWN;
    }

    private void push(String topic, FilterExpression expression) throws Exception {
        consumed.put(topic, new LinkedBlockingQueue<>());
        started(() -> provider.newPushConsumerBuilder().setClientConfiguration(configuration)
            .setConsumerGroup("push-" + topic).setSubscriptionExpressions(Map.of(topic, expression))
            .setMessageListener(this::consume).build());
    }

    private ConsumeResult consume(MessageView message) {
        consumed.get(message.getTopic()).add(text(message) + "/" + message.getDeliveryAttempt());
        boolean fails = text(message).equals("fails once") && message.getDeliveryAttempt() == 1;
        return fails ? ConsumeResult.FAILURE : ConsumeResult.SUCCESS;
    }

    private void expect(String topic, String... expected) throws Exception {
        List<String> got = new ArrayList<>();
        for (String ignored : expected) got.add(consumed.get(topic).poll(SECONDS, TimeUnit.SECONDS));
        // What has no message group may be in several queues.
        boolean isAsExpected = topic.equals("fifo")
            ? got.equals(List.of(expected))
            : new HashSet<>(got).equals(Set.of(expected));
        if (!isAsExpected) throw new IllegalStateException(topic + " has " + got);
    }

    private static void check(MessageView message, String text, int attempt) {
        if (!text(message).equals(text) || message.getDeliveryAttempt() != attempt) {
            throw new IllegalStateException(text(message) + "/" + message.getDeliveryAttempt());
        }
    }

    private MessageBuilder to(String topic, String text) {
        return provider.newMessageBuilder().setTopic(topic).setBody(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(MessageView message) {
        return StandardCharsets.UTF_8.decode(message.getBody().duplicate()).toString();
    }
}
