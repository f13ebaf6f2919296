import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;

/**
 * Load of the official client: {@code Load NAMESRV MILLIS WORK...}, with the works of {@code compare/load.ts}, which come from standard
 * input if there are none: for each it prints "begin WORK" and "end WORK NAME=NUMBER...", and what runs before "begin" is not measured. One message in flight, and {@code sync},
 * are callers that wait; more are sent asynchronously.
 */
public class Load {
    private static final byte[] BODY = "a".repeat(1024).getBytes();
    private static final OperatingSystemMXBean SYSTEM = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private static final String[] WARM_UP = {"sync64", "async256", "batch32"};
    private static final String[] TOPICS = {"load", "backlog", "latency", "fan"};
    private static final String DEFAULT_TOPIC = "TBW102";
    private static final int QUEUES = 8;
    private static final int BATCH_CALLERS = 4;
    private static final int FILL_IN_FLIGHT = 64;
    private static final int START_SECONDS = 60;
    private static final int FILL_LIMIT = 4;
    private static final int CONSUME_LIMIT = 3;
    private static final int GROUPS = 10;
    private static final int FAN_IN_FLIGHT = 16;
    private static final int FAN_LONGER = 3;
    private static final int LATENCY_WARM_UP_SECONDS = 5;
    private static final int LATENCY_SECONDS = 2;

    private final String nameServer;
    private final long millis;
    private final AtomicLong sent = new AtomicLong();
    private static final AtomicInteger REFUSED = new AtomicInteger();
    private volatile boolean isOver;
    /** By this process; more than all when another one did it. */
    private long filled = Long.MAX_VALUE;

    private Load(String nameServer, long millis) {
        this.nameServer = nameServer;
        this.millis = millis;
    }

    public static void main(String[] arguments) throws Exception {
        Load load = new Load(arguments[0], Long.parseLong(arguments[1]));
        boolean hasWorks = arguments.length > 2;
        if (!hasWorks || !arguments[2].equals("first")) load.createTopics();
        for (int i = 2; i < arguments.length; i++) load.run(arguments[i]);
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String work; !hasWorks && (work = input.readLine()) != null; ) load.run(work);
        System.exit(0);
    }

    private void run(String work) throws Exception {
        int size = sizeOf(work);
        isOver = false;
        sent.set(0);
        switch (work.replaceAll("\\d", "")) {
            case "warm" -> warm(work, size);
            case "fill" -> fill(work, size);
            case "consume" -> consume(work, size);
            case "latency" -> latency(work, size);
            case "fan" -> fan(work, size);
            case "first" -> first(work);
            default -> publish(work, size);
        }
    }

    private static int sizeOf(String work) {
        return work.matches(".*\\d") ? Integer.parseInt(work.replaceAll("\\D", "")) : 0;
    }

    private DefaultMQProducer producer(String group) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer(group);
        producer.setNamesrvAddr(nameServer);
        producer.start();
        return producer;
    }

    /** Before anybody consumes them: a consumer looks only every 30 s for topics that were not there. */
    @SuppressWarnings("deprecation")
    private void createTopics() throws Exception {
        for (String topic : TOPICS) {
            untilRegistered(producer -> producer.createTopic(DEFAULT_TOPIC, topic, QUEUES, Collections.emptyMap()));
            untilRegistered(producer -> producer.fetchPublishMessageQueues(topic));
        }
    }

    private interface Question {
        void ask(DefaultMQProducer producer) throws Exception;
    }

    /** A broker may say that it is up before its name server knows it. */
    private void untilRegistered(Question question) throws Exception {
        DefaultMQProducer producer = producer("start");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        for (;;) {
            try {
                question.ask(producer);
                break;
            } catch (MQClientException e) {
                if (System.nanoTime() > deadline) throw e;
                Thread.sleep(10);
            }
        }
        producer.shutdown();
    }

    /** What nobody counts, until compilers are warm here and there. */
    private void warm(String work, int seconds) throws Exception {
        DefaultMQProducer producer = producer("load-" + work);
        measure(work, () -> {
            for (String part : WARM_UP) {
                isOver = false;
                List<Thread> threads = startSending(producer, part, sizeOf(part));
                Thread.sleep(seconds * 1000L / WARM_UP.length);
                end(threads);
            }
            return figures("messages", sent.get());
        });
        producer.shutdown();
    }

    private List<Thread> startSending(DefaultMQProducer producer, String work, int size) {
        boolean isAsync = !work.startsWith("sync") && !work.startsWith("batch") && size > 1;
        int callers = work.startsWith("batch") ? BATCH_CALLERS : isAsync ? 1 : size;
        return start(callers, () -> {
            if (isAsync) sendAsync(producer, "load", size);
            else while (!isOver) sendOnce(producer, work, size);
        });
    }

    private void publish(String work, int size) throws Exception {
        DefaultMQProducer producer = producer("load-" + work + System.nanoTime());
        List<Thread> threads = startSending(producer, work, size);
        Thread.sleep(millis / 2);
        measure(work, () -> {
            long first = sent.get();
            Thread.sleep(millis);
            return figures("messages", sent.get() - first);
        });
        end(threads);
        producer.shutdown();
    }

    private void sendOnce(DefaultMQProducer producer, String work, int size) throws Exception {
        if (work.startsWith("batch")) sendBatch(producer, size);
        else {
            producer.send(new Message("load", BODY));
            sent.incrementAndGet();
        }
    }

    private void sendBatch(DefaultMQProducer producer, int size) throws Exception {
        List<Message> batch = new ArrayList<>(size);
        for (int i = 0; i < size; i++) batch.add(new Message("load", BODY));
        producer.send(batch);
        sent.addAndGet(size);
    }

    private void sendAsync(DefaultMQProducer producer, String topic, int inFlight) throws Exception {
        Semaphore room = new Semaphore(inFlight);
        while (!isOver) sendOne(producer, topic, room);
        room.acquire(inFlight);
    }

    private void sendOne(DefaultMQProducer producer, String topic, Semaphore room) throws Exception {
        room.acquire();
        producer.send(new Message(topic, BODY), onEnd(isSent -> {
            if (isSent) sent.incrementAndGet();
            room.release();
        }));
    }

    private void fill(String work, int size) throws Exception {
        DefaultMQProducer producer = producer("fill");
        long endAt = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis * FILL_LIMIT);
        measure(work, () -> {
            Semaphore room = new Semaphore(FILL_IN_FLIGHT);
            for (int begun = 0; begun < size && System.nanoTime() < endAt; begun++) sendOne(producer, "backlog", room);
            room.acquire(FILL_IN_FLIGHT);
            return figures("messages", filled = sent.get());
        });
        producer.shutdown();
    }

    private void consume(String work, int size) throws Exception {
        long wanted = Math.min(size, filled / 2);
        AtomicLong consumed = new AtomicLong();
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        DefaultMQPushConsumer consumer = consumer("load-" + System.nanoTime(), "backlog", body -> {
            begun.countDown();
            if (consumed.incrementAndGet() == wanted) ended.countDown();
        });
        begun.await();
        measure(work, () -> {
            long before = consumed.get();
            ended.await(millis * CONSUME_LIMIT, TimeUnit.MILLISECONDS);
            return figures("messages", consumed.get() - before);
        });
        consumer.shutdown();
    }

    private void first(String work) throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        DefaultMQPushConsumer[] consumer = new DefaultMQPushConsumer[1];
        measure(work, () -> {
            untilRegistered(producer -> producer.fetchPublishMessageQueues("backlog"));
            consumer[0] = consumer("backlog", "backlog", body -> begun.countDown());
            begun.await();
            return figures("messages", 1);
        });
        consumer[0].shutdown();
    }

    private void latency(String work, int perSecond) throws Exception {
        int warmUp = perSecond * LATENCY_WARM_UP_SECONDS;
        int count = warmUp + perSecond * LATENCY_SECONDS;
        long[] intended = new long[count];
        long[] taken = new long[count];
        Arrays.fill(taken, Long.MAX_VALUE);
        CountDownLatch left = new CountDownLatch(count);
        DefaultMQProducer producer = producer("latency");
        DefaultMQPushConsumer consumer = consumer("latency", "latency", body -> {
            int number = Integer.parseInt(new String(body, 0, 10, StandardCharsets.ISO_8859_1));
            if (taken[number] != Long.MAX_VALUE) return;
            taken[number] = System.nanoTime() - intended[number];
            left.countDown();
        });
        openLoop(producer, perSecond, intended, 0, warmUp);
        Thread.sleep(1000);
        measure(work, () -> {
            openLoop(producer, perSecond, intended, warmUp, count);
            left.await(5, TimeUnit.SECONDS);
            long[] sorted = Arrays.copyOfRange(taken, warmUp, count);
            Arrays.sort(sorted);
            return figures("messages", sorted.length, "p50", sorted[sorted.length / 2] / 1000, "p99", sorted[sorted.length * 99 / 100] / 1000);
        });
        consumer.shutdown();
        producer.shutdown();
    }

    private void openLoop(DefaultMQProducer producer, int perSecond, long[] intended, int from, int to) throws Exception {
        long startedAt = System.nanoTime();
        for (int number = from; number < to; number++) {
            intended[number] = startedAt + (number - from) * (1_000_000_000L / perSecond);
            for (long left; (left = intended[number] - System.nanoTime()) > 0; ) LockSupport.parkNanos(left);
            byte[] body = BODY.clone();
            System.arraycopy(String.format("%010d", number).getBytes(), 0, body, 0, 10);
            producer.send(new Message("latency", body), onEnd(isSent -> {}));
        }
    }

    private void fan(String work, int size) throws Exception {
        AtomicLong delivered = new AtomicLong();
        AtomicInteger groups = new AtomicInteger();
        List<DefaultMQPushConsumer> consumers = new ArrayList<>();
        for (int i = 0; i < GROUPS; i++) {
            AtomicInteger isFirst = new AtomicInteger(1);
            consumers.add(consumer("fan-" + i, "fan", body -> {
                if (isFirst.getAndSet(0) == 1) groups.incrementAndGet();
                delivered.incrementAndGet();
            }));
        }
        List<DefaultMQProducer> producers = new ArrayList<>();
        for (int i = 0; i < size; i++) producers.add(producer("fan-producer-" + i));
        AtomicInteger next = new AtomicInteger();
        List<Thread> threads = start(size, () -> sendAsync(producers.get(next.getAndIncrement()), "fan", FAN_IN_FLIGHT));
        while (groups.get() < GROUPS) Thread.sleep(10);
        Thread.sleep(millis);
        measure(work, () -> {
            long first = sent.get();
            long firstDelivered = delivered.get();
            Thread.sleep(millis * FAN_LONGER);
            return figures("messages", sent.get() - first, "delivered", delivered.get() - firstDelivered);
        });
        end(threads);
        for (DefaultMQProducer producer : producers) producer.shutdown();
        consumers.parallelStream().forEach(DefaultMQPushConsumer::shutdown);
    }

    private DefaultMQPushConsumer consumer(String group, String topic, Consumer<byte[]> onMessage) throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(nameServer);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(message -> onMessage.accept(message.getBody()));
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        return consumer;
    }

    private interface Task {
        void run() throws Exception;
    }

    private static List<Thread> start(int count, Task task) {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Thread thread = new Thread(() -> {
                try {
                    task.run();
                } catch (Exception e) {
                    fail(e);
                }
            });
            threads.add(thread);
            thread.start();
        }
        return threads;
    }

    private void end(List<Thread> threads) throws InterruptedException {
        isOver = true;
        for (Thread thread : threads) thread.join();
    }

    /** A broker that is busy refuses sends: they do not count, and the first is reported. */
    private static SendCallback onEnd(Consumer<Boolean> isSent) {
        return new SendCallback() {
            @Override
            public void onSuccess(SendResult result) {
                isSent.accept(true);
            }

            @Override
            public void onException(Throwable error) {
                if (REFUSED.getAndIncrement() == 0) System.err.println("A send was refused: " + error.getMessage());
                isSent.accept(false);
            }
        };
    }

    private static void fail(Throwable error) {
        error.printStackTrace();
        Runtime.getRuntime().halt(1);
    }

    private static Map<String, Long> figures(Object... namesAndNumbers) {
        Map<String, Long> figures = new TreeMap<>();
        for (int i = 0; i < namesAndNumbers.length; i += 2)
            figures.put((String) namesAndNumbers[i], ((Number) namesAndNumbers[i + 1]).longValue());
        return figures;
    }

    private interface Work {
        Map<String, Long> run() throws Exception;
    }

    private static void measure(String name, Work work) throws Exception {
        System.out.println("begin " + name);
        long cpu = SYSTEM.getProcessCpuTime();
        long begin = System.nanoTime();
        Map<String, Long> figures = new TreeMap<>(work.run());
        figures.put("millis", (System.nanoTime() - begin) / 1_000_000);
        figures.put("cpuMillis", (SYSTEM.getProcessCpuTime() - cpu) / 1_000_000);
        StringBuilder line = new StringBuilder("end " + name);
        figures.forEach((key, value) -> line.append(' ').append(key).append('=').append(value));
        System.out.println(line);
    }
}
