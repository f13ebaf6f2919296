import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;
import org.apache.rocketmq.tools.command.topic.DeleteTopicSubCommand;

/** What a program of an administrator does; prints one line for each thing that worked. */
public class AdminClient {
    private static final int COUNT = 20;
    private static final int SECONDS = 60;
    private static final String TOPIC = "java-admin";
    private static final String GROUP = "java-admin-group";

    private final String nameServer;
    private final DefaultMQAdminExt admin = new DefaultMQAdminExt(30_000);
    private final AtomicInteger consumed = new AtomicInteger();

    private AdminClient(String nameServer) {
        this.nameServer = nameServer;
    }

    public static void main(String[] arguments) throws Exception {
        // Its threads would keep the process alive.
        Thread.currentThread().setUncaughtExceptionHandler((thread, error) -> {
            error.printStackTrace();
            System.exit(1);
        });
        AdminClient client = new AdminClient(arguments[0]);
        client.admin.setNamesrvAddr(arguments[0]);
        client.admin.start();
        client.run();
        System.exit(0);
    }

    private void run() throws Exception {
        var brokers = admin.examineBrokerClusterInfo().getBrokerAddrTable();
        String broker = brokers.values().iterator().next().selectBrokerAddr();
        admin.createAndUpdateTopicConfig(broker, new TopicConfig(TOPIC, 3, 3, 6));
        waitFor(() -> admin.examineTopicRouteInfo(TOPIC).getQueueDatas().get(0).getReadQueueNums() == 3, "the route");
        done("create topic");

        send();
        var offsets = admin.examineTopicStats(TOPIC).getOffsetTable().values();
        check(offsets.size() == 3, "the queues of a topic");
        check(offsets.stream().mapToLong(offset -> offset.getMaxOffset()).sum() == COUNT, "the messages of a topic");
        done("topic stats");

        consume();
        waitFor(() -> consumed.get() == COUNT, "consumption");
        waitFor(() -> admin.examineConsumeStats(GROUP).computeTotalDiff() == 0, "the progress of a group");
        check(admin.examineConsumerConnectionInfo(GROUP).getConnectionSet().size() == 1, "the connections of a group");
        done("consume stats");

        admin.resetOffsetByTimestamp(TOPIC, GROUP, 0, true);
        waitFor(() -> consumed.get() == 2 * COUNT, "the messages once more");
        done("reset offset");

        // The parameters of the methods below it differ between versions.
        DeleteTopicSubCommand.deleteTopic(admin, "DefaultCluster", TOPIC);
        check(!admin.fetchAllTopicList().getTopicList().contains(TOPIC), "a topic that is gone");
        done("delete topic");
    }

    private void send() throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("java-admin-producer");
        producer.setNamesrvAddr(nameServer);
        producer.setSendMsgTimeout(30_000);
        producer.start();
        for (int i = 0; i < COUNT; i++) producer.send(new Message(TOPIC, ("" + i).getBytes()));
    }

    private void consume() throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(GROUP);
        consumer.setNamesrvAddr(nameServer);
        consumer.setPersistConsumerOffsetInterval(1000);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(TOPIC, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            consumed.addAndGet(messages.size());
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void waitFor(Condition condition, String what) throws Exception {
        for (int i = 0; i < SECONDS * 20 && !condition.holds(); i++) Thread.sleep(50);
        check(condition.holds(), what);
    }

    private static void check(boolean isTrue, String what) {
        if (!isTrue) throw new IllegalStateException(what + " does not work");
    }

    private static void done(String what) {
        System.out.println("worked: " + what);
    }
}
