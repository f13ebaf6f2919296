import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageRequestMode;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/** Official clients to which the broker gives messages one by one; prints one line for each thing that worked. */
public class PopConsumer {
    private static final String TOPIC = "java-pop";
    private static final String GROUP = "java-pop-group";
    private static final int COUNT = 200;
    /** The shortest that the client takes. */
    private static final long INVISIBLE_MILLIS = 5000;
    private static final int SECONDS = 60;

    /** How often each message was delivered, by the count that it brings along. */
    private final Map<String, Set<Integer>> deliveries = new ConcurrentHashMap<>();
    private final DefaultMQProducer producer = new DefaultMQProducer("java-pop-producer");

    public static void main(String[] arguments) throws Exception {
        try {
            new PopConsumer().run(arguments[0]);
            System.exit(0);
        } catch (Throwable error) {
            error.printStackTrace();
            System.exit(1);
        }
    }

    private void run(String nameServer) throws Exception {
        producer.setNamesrvAddr(nameServer);
        // The first send of a cold JVM takes long on a busy machine.
        producer.setSendMsgTimeout(30_000);
        producer.start();
        for (int i = 0; i < COUNT; i++) send("m" + i, "wanted");
        send("other", "unwanted");
        setMode(nameServer);
        System.out.println("worked: mode");
        DefaultMQPushConsumer first = consumer(nameServer, "one");
        DefaultMQPushConsumer second = consumer(nameServer, "two");
        await("all messages", () -> deliveries.size() == COUNT);
        check(deliveries.values().stream().allMatch(Set.of(0)::equals), "delivered again: " + deliveries);
        System.out.println("worked: consume");
        long sentAt = System.currentTimeMillis();
        send("failing", "wanted");
        await("the failing message", () -> deliveries.containsKey("failing"));
        check(System.currentTimeMillis() - sentAt < 3000, "was not woken");
        System.out.println("worked: wake");
        send("slow", "wanted");
        await("a retry", () -> Set.of(0, 1).equals(deliveries.get("failing")) && Set.of(0, 1).equals(deliveries.get("slow")));
        System.out.println("worked: retry");
        first.shutdown();
        second.shutdown();
        producer.shutdown();
    }

    private void setMode(String nameServer) throws Exception {
        DefaultMQAdminExt admin = new DefaultMQAdminExt();
        admin.setNamesrvAddr(nameServer);
        admin.start();
        String broker = admin.examineBrokerClusterInfo().getBrokerAddrTable().get("broker-a").selectBrokerAddr();
        admin.setMessageRequestMode(broker, TOPIC, GROUP, MessageRequestMode.POP, 0, 10_000);
        admin.shutdown();
    }

    private DefaultMQPushConsumer consumer(String nameServer, String instance) throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(GROUP);
        consumer.setNamesrvAddr(nameServer);
        consumer.setInstanceName(instance);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setClientRebalance(false);
        consumer.setPopInvisibleTime(INVISIBLE_MILLIS);
        consumer.subscribe(TOPIC, "wanted");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> consume(messages));
        consumer.start();
        return consumer;
    }

    private ConsumeConcurrentlyStatus consume(List<MessageExt> messages) {
        MessageExt message = messages.get(0);
        String name = new String(message.getBody());
        check(message.getTopic().equals(TOPIC), "of topic " + message.getTopic());
        deliveries.computeIfAbsent(name, key -> ConcurrentHashMap.newKeySet()).add(message.getReconsumeTimes());
        boolean isFirst = message.getReconsumeTimes() == 0;
        if (name.equals("slow") && isFirst) sleep(2 * INVISIBLE_MILLIS);
        boolean isFailing = name.equals("failing") && isFirst;
        return isFailing ? ConsumeConcurrentlyStatus.RECONSUME_LATER : ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
    }

    private void send(String body, String tag) throws Exception {
        producer.send(new Message(TOPIC, tag, body.getBytes()));
    }

    private static void await(String what, BooleanSupplier condition) {
        for (int i = 0; i < SECONDS * 20 && !condition.getAsBoolean(); i++) sleep(50);
        check(condition.getAsBoolean(), what + " did not come");
    }

    private static void check(boolean condition, String fault) {
        if (!condition) throw new IllegalStateException(fault);
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException error) {
            throw new IllegalStateException(error);
        }
    }
}
