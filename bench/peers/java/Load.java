import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.CountDownLatch;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;

/**
 * Load of the official client: {@code Load NAMESRV TOPIC MILLIS WORK...}, where a work is syncN, asyncN, batchN or consumeN. For
 * each work it prints "begin WORK" and "end WORK MESSAGES MILLIS CPU-MILLIS"; what runs before "begin" is not measured.
 */
public class Load {
    private static final byte[] BODY = "a".repeat(1024).getBytes();
    private static final OperatingSystemMXBean SYSTEM = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private final String nameServer;
    private final String topic;
    private final long millis;
    private final AtomicLong sent = new AtomicLong();
    private volatile boolean isOver;

    private Load(String nameServer, String topic, long millis) {
        this.nameServer = nameServer;
        this.topic = topic;
        this.millis = millis;
    }

    public static void main(String[] arguments) throws Exception {
        Load load = new Load(arguments[0], arguments[1], Long.parseLong(arguments[2]));
        for (int i = 3; i < arguments.length; i++) load.run(arguments[i]);
        System.exit(0);
    }

    private void run(String work) throws Exception {
        int size = Integer.parseInt(work.replaceAll("\\D", ""));
        if (work.startsWith("consume")) consume(work, size);
        else send(work, size);
    }

    private void send(String work, int size) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("load-" + work);
        producer.setNamesrvAddr(nameServer);
        producer.start();
        isOver = false;
        List<Thread> threads = new ArrayList<>();
        int callers = work.startsWith("sync") ? size : 1;
        for (int i = 0; i < callers; i++) {
            Thread thread = new Thread(() -> loop(producer, work, size));
            threads.add(thread);
            thread.start();
        }
        Thread.sleep(millis / 2);
        measure(work, () -> {
            long first = sent.get();
            Thread.sleep(millis);
            return sent.get() - first;
        });
        isOver = true;
        for (Thread thread : threads) thread.join();
        producer.shutdown();
    }

    private void loop(DefaultMQProducer producer, String work, int size) {
        try {
            if (work.startsWith("async")) sendAsync(producer, size);
            else while (!isOver) sendOnce(producer, work, size);
        } catch (Exception e) {
            e.printStackTrace();
            System.exit(1);
        }
    }

    private void sendOnce(DefaultMQProducer producer, String work, int size) throws Exception {
        if (!work.startsWith("batch")) {
            producer.send(new Message(topic, BODY));
            sent.incrementAndGet();
            return;
        }
        List<Message> batch = new ArrayList<>(size);
        for (int i = 0; i < size; i++) batch.add(new Message(topic, BODY));
        producer.send(batch);
        sent.addAndGet(size);
    }

    private void sendAsync(DefaultMQProducer producer, int inFlight) throws Exception {
        Semaphore room = new Semaphore(inFlight);
        SendCallback callback = new SendCallback() {
            @Override
            public void onSuccess(SendResult result) {
                sent.incrementAndGet();
                room.release();
            }

            @Override
            public void onException(Throwable error) {
                error.printStackTrace();
                System.exit(1);
            }
        };
        while (!isOver) {
            room.acquire();
            producer.send(new Message(topic, BODY), callback);
        }
        room.acquire(inFlight);
    }

    private void consume(String work, int count) throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer("load-" + System.nanoTime());
        consumer.setNamesrvAddr(nameServer);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "*");
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(count);
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            begun.countDown();
            for (int i = 0; i < messages.size(); i++) ended.countDown();
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        begun.await();
        measure(work, () -> {
            ended.await();
            return (long) count;
        });
        consumer.shutdown();
    }

    private interface Work {
        long run() throws Exception;
    }

    private static void measure(String name, Work work) throws Exception {
        System.out.println("begin " + name);
        long cpu = SYSTEM.getProcessCpuTime();
        long begin = System.nanoTime();
        long count = work.run();
        long millis = (System.nanoTime() - begin) / 1_000_000;
        long cpuMillis = (SYSTEM.getProcessCpuTime() - cpu) / 1_000_000;
        System.out.println("end " + name + " " + count + " " + millis + " " + cpuMillis);
    }
}
