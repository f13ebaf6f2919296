import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.common.compression.CompressionType;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.topic.TopicValidator;

/** Fills a store with every kind of record a client can cause. Arguments: NAME-SERVER [burst]. */
public final class StoreTraffic {
    static final String TOPIC = "TopicA";
    static final String LONG_TOPIC = "T".repeat(127);
    /** Its retry topic has 128 characters, one too many for a version 1 record. */
    static final String LONG_GROUP = "g".repeat(121);
    private static final int[] BODY_LENGTHS = {1, 2, 3, 10, 50, 100, 200, 300, 500, 1000, 3000};

    private static DefaultMQProducer producer;

    public static void main(String[] args) throws Exception {
        producer = new DefaultMQProducer("producer-a");
        producer.setNamesrvAddr(args[0]);
        producer.setRetryTimesWhenSendFailed(0);
        producer.start();
        awaitRoute(producer);
        sendNormal(0, 200);
        sendSpecial();
        sendTransactions(args[0]);
        consume(args[0], "group-a", "*", "delayed-1", "retry-once:1", "retry-twice:1", "retry-twice:2");
        consume(args[0], LONG_GROUP, "LongGroup", "retry-long:1");
        sendNormal(200, 300);
        Thread.sleep(12_000); // several persist intervals of offsets and op messages
        System.out.println("done");
        for (int i = 300; args.length > 1; i++) {
            sendNormal(i, i + 1);
            Thread.sleep(3);
        }
        producer.shutdown();
    }

    /** A broker may say that it is up seconds before it registers. */
    static void awaitRoute(DefaultMQProducer producer) throws Exception {
        for (int i = 0; i < 300; i++) {
            try {
                producer.fetchPublishMessageQueues(TopicValidator.AUTO_CREATE_TOPIC_KEY_TOPIC);
                return;
            } catch (MQClientException e) {
                Thread.sleep(100);
            }
        }
        throw new IllegalStateException("no route");
    }

    private static void sendNormal(int from, int to) throws Exception {
        for (int i = from; i < to; i++) {
            Message message = new Message(TOPIC, text(i, BODY_LENGTHS[i % BODY_LENGTHS.length]));
            message.setKeys(i < 100 ? List.of("key-" + i, "shared", "mod-" + i % 7) : List.of("key-" + i, "mod-" + i % 7));
            if (i % 4 != 3) {
                message.setTags(new String[] {"TagA", "TagB", "标签"}[i % 4]);
            }
            message.putUserProperty("index", String.valueOf(i));
            if (i % 5 == 0) {
                message.putUserProperty("城市", "上海");
                message.putUserProperty("face", "😀 🚀");
            }
            send(message, i % 2 == 0 ? 0 : 1 + i / 2 % 3);
        }
    }

    private static byte[] text(int seed, int length) {
        String text = "message " + seed + " of a store that Apache RocketMQ wrote, ";
        return text.repeat(length / text.length() + 1).substring(0, length).getBytes(StandardCharsets.US_ASCII);
    }

    private static void sendSpecial() throws Exception {
        for (CompressionType type : new CompressionType[] {CompressionType.LZ4, CompressionType.ZSTD, CompressionType.ZLIB}) {
            producer.setCompressType(type);
            send(keyed("compressed-" + type, text(1, 6000)), 1);
        }
        producer.send(IntStream.range(0, 5).mapToObj(i -> {
            Message message = keyed("batch-" + i, ("batch member " + i).getBytes());
            message.setFlag(i);
            return message;
        }).collect(Collectors.toList()));
        Message flagged = keyed("flagged", "中文消息体 😀".getBytes(StandardCharsets.UTF_8));
        flagged.setFlag(0x12345678);
        flagged.setWaitStoreMsgOK(false);
        send(flagged, 2);
        Message bare = new Message(TOPIC, "no keys, no tags".getBytes());
        send(bare, 2);
        Message longTopic = keyed("long-topic", "x".getBytes());
        longTopic.setTopic(LONG_TOPIC);
        send(longTopic, 0);
        for (int level : new int[] {1, 10}) {
            Message delayed = keyed("delayed-" + level, ("level " + level).getBytes());
            delayed.setTags("TagA");
            delayed.setDelayTimeLevel(level);
            send(delayed, 3);
        }
        for (String key : List.of("retry-once", "retry-twice", "dead")) {
            send(keyed(key, key.getBytes()), 3);
        }
        Message forLongGroup = keyed("retry-long", "retry-long".getBytes());
        forLongGroup.setTags("LongGroup");
        send(forLongGroup, 3);
    }

    private static Message keyed(String key, byte[] body) {
        Message message = new Message(TOPIC, body);
        message.setKeys(key);
        return message;
    }

    private static void send(Message message, int queueId) throws Exception {
        SendResult result = producer.send(message, (queues, m, id) -> queues.get((Integer) id), queueId);
        if (result.getSendStatus() != SendStatus.SEND_OK) {
            throw new IllegalStateException(result.toString());
        }
    }

    private static void sendTransactions(String nameServer) throws Exception {
        TransactionMQProducer transactions = new TransactionMQProducer("producer-tx");
        transactions.setNamesrvAddr(nameServer);
        transactions.setTransactionListener(new TransactionListener() {
            @Override public LocalTransactionState executeLocalTransaction(Message message, Object state) {
                return (LocalTransactionState) state;
            }

            @Override public LocalTransactionState checkLocalTransaction(MessageExt message) {
                return LocalTransactionState.UNKNOW;
            }
        });
        transactions.start();
        for (LocalTransactionState state : LocalTransactionState.values()) {
            Message message = keyed("tx-" + state, ("transaction " + state).getBytes());
            message.setTags("TagTx");
            transactions.sendMessageInTransaction(message, state);
        }
        Thread.sleep(1000);
        transactions.shutdown();
    }

    /** Consumes until every expected "key:reconsumeTimes" was seen, then a little longer. */
    private static void consume(String nameServer, String group, String tags, String... expected) throws Exception {
        Set<String> seen = ConcurrentHashMap.newKeySet();
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(nameServer);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(TOPIC, tags);
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            MessageExt message = messages.get(0);
            String key = String.valueOf(message.getKeys());
            seen.add(message.getReconsumeTimes() == 0 ? key : key + ":" + message.getReconsumeTimes());
            int failures = List.of("retry-once", "retry-long", "dead").contains(key) ? 1 : key.equals("retry-twice") ? 2 : 0;
            if (message.getReconsumeTimes() >= failures) {
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            }
            context.setDelayLevelWhenNextConsume(key.equals("dead") ? -1 : 1);
            return ConsumeConcurrentlyStatus.RECONSUME_LATER;
        });
        consumer.start();
        while (!seen.containsAll(Arrays.asList(expected))) {
            Thread.sleep(100);
        }
        Thread.sleep(2000);
        consumer.shutdown();
    }
}
