import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** What an application with the official client does every day; prints one line for each thing that worked. */
public class Clients {
    private static final int COUNT = 500;
    /** Instead of half a minute, in which a new retry topic would not be seen. */
    private static final int ROUTE_MILLIS = 1000;
    private static final int SECONDS = 60;

    private final String nameServer;
    private final DefaultMQProducer producer = new DefaultMQProducer("java-producer");
    private final List<DefaultMQPushConsumer> consumers = new ArrayList<>();

    private Clients(String nameServer) {
        this.nameServer = nameServer;
    }

    public static void main(String[] arguments) throws Exception {
        // Its threads would keep the process alive.
        Thread.currentThread().setUncaughtExceptionHandler((thread, error) -> {
            error.printStackTrace();
            System.exit(1);
        });
        Clients clients = new Clients(arguments[0]);
        clients.producer.setNamesrvAddr(arguments[0]);
        // The first send of a cold JVM takes long on a busy machine.
        clients.producer.setSendMsgTimeout(30_000);
        clients.producer.setPollNameServerInterval(ROUTE_MILLIS);
        clients.producer.start();
        clients.send();
        clients.sendAsync();
        clients.consume();
        clients.broadcast();
        clients.retry();
        for (DefaultMQPushConsumer consumer : clients.consumers) consumer.shutdown();
        clients.producer.shutdown();
        System.exit(0);
    }

    private void send() throws Exception {
        SendResult last = null;
        for (int i = 0; i < COUNT; i++) {
            Message message = new Message("java-orders", i % 2 == 0 ? "even" : "odd", "key-" + i, ("" + i).getBytes());
            last = producer.send(message, (queues, m, id) -> queues.get((int) id % queues.size()), i);
            check(last.getSendStatus() == SendStatus.SEND_OK, "send " + i);
        }
        done("send");
        MessageExt viewed = producer.viewMessage("java-orders", last.getOffsetMsgId());
        check(new String(viewed.getBody()).equals("" + (COUNT - 1)), "view by offset id");
        check(producer.queryMessage("java-orders", "key-7", 8, 0, Long.MAX_VALUE).getMessageList().size() == 1, "query by key");
        done("query");
        List<Message> batch = new ArrayList<>();
        for (int i = 0; i < 10; i++) batch.add(new Message("java-batch", ("" + i).getBytes()));
        check(producer.send(batch).getSendStatus() == SendStatus.SEND_OK, "batch");
        check(producer.send(new Message("java-batch", new byte[100_000])).getSendStatus() == SendStatus.SEND_OK, "compressed");
        producer.sendOneway(new Message("java-batch", "one-way".getBytes()));
        done("batch");
    }

    private void sendAsync() throws Exception {
        CountDownLatch acknowledged = new CountDownLatch(COUNT);
        for (int i = 0; i < COUNT; i++) {
            producer.send(new Message("java-async", ("" + i).getBytes()), new SendCallback() {
                @Override
                public void onSuccess(SendResult result) {
                    if (result.getSendStatus() == SendStatus.SEND_OK) acknowledged.countDown();
                }

                @Override
                public void onException(Throwable error) {
                    error.printStackTrace();
                }
            });
        }
        check(acknowledged.await(SECONDS, TimeUnit.SECONDS), "asynchronous sends");
        done("async");
    }

    private void consume() throws Exception {
        Set<String> concurrently = ConcurrentHashMap.newKeySet();
        Set<String> orderly = ConcurrentHashMap.newKeySet();
        AtomicInteger disorder = new AtomicInteger();
        ConcurrentHashMap<Integer, Long> newest = new ConcurrentHashMap<>();
        start("java-concurrently", "java-orders", "odd").registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) concurrently.add(new String(message.getBody()));
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        start("java-orderly", "java-orders", "*").registerMessageListener((MessageListenerOrderly) (messages, context) -> {
            for (MessageExt message : messages) {
                Long before = newest.put(message.getQueueId(), message.getQueueOffset());
                if (before != null && before >= message.getQueueOffset()) disorder.incrementAndGet();
                orderly.add(new String(message.getBody()));
            }
            return ConsumeOrderlyStatus.SUCCESS;
        });
        AtomicInteger bytes = new AtomicInteger();
        start("java-batches", "java-batch", "*").registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) bytes.addAndGet(message.getBody().length);
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        Set<String> async = ConcurrentHashMap.newKeySet();
        start("java-asynchronously", "java-async", "*").registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) async.add(new String(message.getBody()));
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        for (DefaultMQPushConsumer consumer : consumers) consumer.start();
        waitFor(() -> concurrently.size() == COUNT / 2, "concurrent consumption with a tag");
        waitFor(() -> orderly.size() == COUNT && disorder.get() == 0, "ordered consumption");
        waitFor(() -> bytes.get() == 10 + 100_000 + 7, "batch, compressed and one-way messages");
        waitFor(() -> async.size() == COUNT, "messages that were sent asynchronously");
        done("consume");
    }

    private void broadcast() throws Exception {
        AtomicInteger seen = new AtomicInteger();
        for (String instance : List.of("first", "second")) {
            DefaultMQPushConsumer consumer = start("java-broadcasting", "java-async", "*");
            consumer.setInstanceName(instance);
            broadcasting(consumer);
            consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
                seen.addAndGet(messages.size());
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            });
            consumer.start();
        }
        waitFor(() -> seen.get() == 2 * COUNT, "broadcasting");
        done("broadcast");
    }

    /** The package of MessageModel is another one in version 4. */
    private static void broadcasting(DefaultMQPushConsumer consumer) {
        for (var model : consumer.getMessageModel().getDeclaringClass().getEnumConstants()) {
            if (model.name().equals("BROADCASTING")) consumer.setMessageModel(model);
        }
    }

    private void retry() throws Exception {
        CountDownLatch attempts = new CountDownLatch(3);
        DefaultMQPushConsumer consumer = start("java-retry", "java-delayed", "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            attempts.countDown();
            context.setDelayLevelWhenNextConsume(1);
            return attempts.getCount() == 0 ? ConsumeConcurrentlyStatus.CONSUME_SUCCESS : ConsumeConcurrentlyStatus.RECONSUME_LATER;
        });
        consumer.start();
        Message delayed = new Message("java-delayed", "later".getBytes());
        delayed.setDelayTimeLevel(1);
        producer.send(delayed);
        check(attempts.await(SECONDS, TimeUnit.SECONDS), "delay and retries");
        done("retry");
    }

    private DefaultMQPushConsumer start(String group, String topic, String tags) throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(nameServer);
        consumer.setPollNameServerInterval(ROUTE_MILLIS);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, tags);
        consumers.add(consumer);
        return consumer;
    }

    private interface Condition {
        boolean holds();
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
