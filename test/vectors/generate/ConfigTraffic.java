import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.rocketmq.client.consumer.AckCallback;
import org.apache.rocketmq.client.consumer.AckResult;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.MessageSelector;
import org.apache.rocketmq.client.consumer.PopCallback;
import org.apache.rocketmq.client.consumer.PopResult;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.impl.MQClientAPIImpl;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.common.TopicFilterType;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageConst;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageRequestMode;
import org.apache.rocketmq.remoting.protocol.header.AckMessageRequestHeader;
import org.apache.rocketmq.remoting.protocol.header.ChangeInvisibleTimeRequestHeader;
import org.apache.rocketmq.remoting.protocol.header.PopMessageRequestHeader;
import org.apache.rocketmq.remoting.protocol.heartbeat.MessageModel;
import org.apache.rocketmq.remoting.protocol.subscription.CustomizedRetryPolicy;
import org.apache.rocketmq.remoting.protocol.subscription.ExponentialRetryPolicy;
import org.apache.rocketmq.remoting.protocol.subscription.GroupRetryPolicyType;
import org.apache.rocketmq.remoting.protocol.subscription.SimpleSubscriptionData;
import org.apache.rocketmq.remoting.protocol.subscription.SubscriptionGroupConfig;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/** Makes a broker write every field of its config files. Says "done" and stays connected. Arguments: NAME-SERVER BROKER. */
public final class ConfigTraffic {
    private static String nameServer;
    private static String broker;
    private static DefaultMQAdminExt admin;
    private static MQClientAPIImpl api;

    public static void main(String[] args) throws Exception {
        nameServer = args[0];
        broker = args[1];
        DefaultMQProducer producer = new DefaultMQProducer("producer-a");
        producer.setNamesrvAddr(nameServer);
        producer.start();
        StoreTraffic.awaitRoute(producer);
        admin = new DefaultMQAdminExt();
        admin.setNamesrvAddr(nameServer);
        admin.start();
        api = admin.getDefaultMQAdminExtImpl().getMqClientInstance().getMQClientAPIImpl();
        createTopics();
        createGroups();
        sendMessages(producer);
        sendTransaction();
        DefaultMQPushConsumer gone = consume("group-sql-gone", Map.of("TopicA", MessageSelector.bySql("a BETWEEN 0 AND 3")));
        consume("group-a", Map.of("TopicA", MessageSelector.byTag("*"), "orders", MessageSelector.byTag("TagA || TagB")));
        consume("group-sql", Map.of("TopicA", MessageSelector.bySql("a > 5 AND b = 'x'"),
            "orders", MessageSelector.bySql("city IS NOT NULL OR name IN ('中文', '\"q\"')")));
        consume("group-sql-2", Map.of("TopicA", MessageSelector.bySql("a IS NULL")));
        DefaultMQPushConsumer broadcast = consumer("group-broadcast", MessageModel.BROADCASTING);
        broadcast.subscribe("TopicA", "*");
        broadcast.subscribe("orders", "*");
        broadcast.start();
        popOrderly();
        admin.setMessageRequestMode(broker, "TopicA", "group-pop", MessageRequestMode.POP, 8, 3000);
        admin.setMessageRequestMode(broker, "orders", "group-pop", MessageRequestMode.PULL, 0, 3000);
        Thread.sleep(20_000);
        gone.shutdown();
        Thread.sleep(25_000); // every periodic persist has run since the last change
        broadcast.shutdown();
        System.out.println("done");
        Thread.sleep(Long.MAX_VALUE);
    }

    private static void createTopics() throws Exception {
        topic("orders", 3, 6, true, 0, Map.of("+message.type", "FIFO"));
        topic("read-only", 1, 4, false, 1, Map.of("+message.type", "DELAY", "+reserve.time", "3600000"));
        topic("batch-queue", 2, 6, false, 2, Map.of("+queue.type", "BatchCQ"));
        TopicConfig multi = new TopicConfig("multi-tag_|%", 2, 5, 6);
        multi.setTopicFilterType(TopicFilterType.MULTI_TAG);
        admin.createAndUpdateTopicConfig(broker, multi);
    }

    private static void topic(String name, int queues, int perm, boolean order, int sysFlag, Map<String, String> attributes) throws Exception {
        TopicConfig config = new TopicConfig(name, queues, queues, perm, sysFlag);
        config.setOrder(order);
        config.setAttributes(attributes);
        admin.createAndUpdateTopicConfig(broker, config);
    }

    private static void createGroups() throws Exception {
        SubscriptionGroupConfig limited = group("group-limited");
        limited.setConsumeEnable(false);
        limited.setConsumeFromMinEnable(false);
        limited.setConsumeBroadcastEnable(false);
        limited.setConsumeMessageOrderly(true);
        limited.setRetryQueueNums(2);
        limited.setRetryMaxTimes(3);
        limited.setBrokerId(1);
        limited.setWhichBrokerWhenConsumeSlowly(2);
        limited.setNotifyConsumerIdsChangedEnable(false);
        limited.setGroupSysFlag(3);
        limited.setConsumeTimeoutMinute(5);
        limited.setSubscriptionDataSet(Set.of(new SimpleSubscriptionData("TopicA", "TAG", "TagA", 7)));
        limited.getGroupRetryPolicy().setType(GroupRetryPolicyType.EXPONENTIAL);
        limited.getGroupRetryPolicy().setExponentialRetryPolicy(new ExponentialRetryPolicy(1000, 60000, 3));
        admin.createAndUpdateSubscriptionGroupConfig(broker, limited);
        SubscriptionGroupConfig custom = group("group-custom");
        custom.getGroupRetryPolicy().setCustomizedRetryPolicy(new CustomizedRetryPolicy(new long[] {1000, 5000}));
        admin.createAndUpdateSubscriptionGroupConfig(broker, custom);
        for (String name : List.of("group-a", "group-pop")) {
            admin.createAndUpdateSubscriptionGroupConfig(broker, group(name));
        }
        admin.updateAndGetGroupReadForbidden(broker, "group-custom", "orders", false);
        admin.updateAndGetGroupReadForbidden(broker, "group-custom", "read-only", false);
        admin.updateAndGetGroupReadForbidden(broker, "group-limited", "orders", false);
        admin.updateAndGetGroupReadForbidden(broker, "group-limited", "orders", true);
    }

    private static SubscriptionGroupConfig group(String name) {
        SubscriptionGroupConfig config = new SubscriptionGroupConfig();
        config.setGroupName(name);
        return config;
    }

    private static void sendMessages(DefaultMQProducer producer) throws Exception {
        for (int i = 0; i < 40; i++) {
            Message message = new Message(i % 4 == 3 ? "orders" : "TopicA", "TagA", "key-" + i, ("message " + i).getBytes());
            message.putUserProperty("a", String.valueOf(i));
            message.putUserProperty("b", i % 2 == 0 ? "x" : "y");
            producer.send(message, (queues, m, id) -> queues.get((Integer) id), i % 3);
        }
        for (int level : new int[] {1, 1, 2, 3, 10, 18}) {
            Message message = new Message("TopicA", ("level " + level).getBytes());
            message.setDelayTimeLevel(level);
            producer.send(message);
        }
    }

    private static void sendTransaction() throws Exception {
        TransactionMQProducer transactions = new TransactionMQProducer("producer-tx");
        transactions.setNamesrvAddr(nameServer);
        transactions.setTransactionListener(new TransactionListener() {
            @Override public LocalTransactionState executeLocalTransaction(Message message, Object state) {
                return LocalTransactionState.COMMIT_MESSAGE;
            }

            @Override public LocalTransactionState checkLocalTransaction(MessageExt message) {
                return LocalTransactionState.UNKNOW;
            }
        });
        transactions.start();
        transactions.sendMessageInTransaction(new Message("TopicA", "transaction".getBytes()), null);
        transactions.shutdown();
    }

    private static DefaultMQPushConsumer consume(String group, Map<String, MessageSelector> subscriptions) throws Exception {
        DefaultMQPushConsumer consumer = consumer(group, MessageModel.CLUSTERING);
        for (Map.Entry<String, MessageSelector> subscription : subscriptions.entrySet()) {
            consumer.subscribe(subscription.getKey(), subscription.getValue());
        }
        consumer.start();
        return consumer;
    }

    private static DefaultMQPushConsumer consumer(String group, MessageModel model) {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(nameServer);
        consumer.setMessageModel(model);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> ConsumeConcurrentlyStatus.CONSUME_SUCCESS);
        return consumer;
    }

    /** Queue 0: one of four acknowledged, one postponed. Queue 1: popped with an attempt id. Queue 2: popped twice. */
    private static void popOrderly() throws Exception {
        List<MessageExt> messages = pop(0, 4, 600_000, null).getMsgFoundList();
        ack(messages.get(0));
        changeInvisibleTime(messages.get(1), 700_000);
        pop(1, 32, 600_000, "attempt-1");
        pop(2, 2, 1000, "attempt-2");
        Thread.sleep(1500);
        pop(2, 3, 600_000, "attempt-3");
    }

    private static PopResult pop(int queueId, int count, long invisibleTime, String attemptId) throws Exception {
        PopMessageRequestHeader header = new PopMessageRequestHeader();
        header.setConsumerGroup("group-pop");
        header.setTopic("TopicA");
        header.setQueueId(queueId);
        header.setMaxMsgNums(count);
        header.setInvisibleTime(invisibleTime);
        header.setBornTime(System.currentTimeMillis());
        header.setOrder(true);
        header.setAttemptId(attemptId);
        Answer<PopResult> answer = new Answer<>();
        api.popMessageAsync("broker-a", broker, header, 5000, new PopCallback() {
            @Override public void onSuccess(PopResult result) {
                answer.complete(result);
            }

            @Override public void onException(Throwable e) {
                answer.completeExceptionally(e);
            }
        });
        return answer.get();
    }

    private static void ack(MessageExt message) throws Exception {
        AckMessageRequestHeader header = new AckMessageRequestHeader();
        header.setConsumerGroup("group-pop");
        header.setTopic(message.getTopic());
        header.setQueueId(message.getQueueId());
        header.setOffset(message.getQueueOffset());
        header.setExtraInfo(message.getProperty(MessageConst.PROPERTY_POP_CK));
        Answer<AckResult> answer = new Answer<>();
        api.ackMessageAsync(broker, 5000, answer, header);
        answer.get();
    }

    private static void changeInvisibleTime(MessageExt message, long time) throws Exception {
        ChangeInvisibleTimeRequestHeader header = new ChangeInvisibleTimeRequestHeader();
        header.setConsumerGroup("group-pop");
        header.setTopic(message.getTopic());
        header.setQueueId(message.getQueueId());
        header.setOffset(message.getQueueOffset());
        header.setInvisibleTime(time);
        header.setExtraInfo(message.getProperty(MessageConst.PROPERTY_POP_CK));
        Answer<AckResult> answer = new Answer<>();
        api.changeInvisibleTimeAsync("broker-a", broker, header, 5000, answer);
        answer.get();
    }

    private static final class Answer<T> extends CompletableFuture<T> implements AckCallback {
        @SuppressWarnings("unchecked")
        @Override public void onSuccess(AckResult result) {
            complete((T) result);
        }

        @Override public void onException(Throwable e) {
            completeExceptionally(e);
        }
    }
}
