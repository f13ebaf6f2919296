import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.client.producer.TransactionSendResult;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** An application that sends in transactions; prints one line for each thing that worked. */
public class Transactions {
    private static final int SECONDS = 60;
    private static final String TOPIC = "java-transactions";

    private final Queue<String> checked = new ConcurrentLinkedQueue<>();
    private final Queue<String> consumed = new ConcurrentLinkedQueue<>();
    private final TransactionMQProducer producer = new TransactionMQProducer("java-transaction-producer");

    public static void main(String[] arguments) throws Exception {
        // Its threads would keep the process alive.
        Thread.currentThread().setUncaughtExceptionHandler((thread, error) -> {
            error.printStackTrace();
            System.exit(1);
        });
        new Transactions().run(arguments[0]);
        System.exit(0);
    }

    private void run(String nameServer) throws Exception {
        producer.setNamesrvAddr(nameServer);
        producer.setSendMsgTimeout(30_000);
        producer.setHeartbeatBrokerInterval(1000);
        producer.setExecutorService(Executors.newSingleThreadExecutor());
        producer.setTransactionListener(listener());
        producer.start();
        send("rollback", LocalTransactionState.ROLLBACK_MESSAGE);
        send("commit", LocalTransactionState.COMMIT_MESSAGE);
        send("fail", LocalTransactionState.UNKNOW);
        send("unknown", LocalTransactionState.UNKNOW);
        consume(nameServer);
        await("commit", consumed, "commit");
        await("check", checked, "unknown");
        await("commit after a check", consumed, "unknown");
        await("check after an error", consumed, "fail");
        check(!consumed.contains("rollback") && !checked.contains("commit") && consumed.size() == 3, "rollback");
        done("rollback");
    }

    private TransactionListener listener() {
        return new TransactionListener() {
            @Override
            public LocalTransactionState executeLocalTransaction(Message message, Object argument) {
                check(argument.equals("argument") && message.getTransactionId() != null, "execute");
                switch (new String(message.getBody())) {
                    case "commit": return LocalTransactionState.COMMIT_MESSAGE;
                    case "rollback": return LocalTransactionState.ROLLBACK_MESSAGE;
                    case "fail": throw new IllegalStateException("as it should");
                    default: return LocalTransactionState.UNKNOW;
                }
            }

            @Override
            public LocalTransactionState checkLocalTransaction(MessageExt message) {
                check(message.getTopic().equals(TOPIC), "topic of a check");
                checked.add(new String(message.getBody()));
                return LocalTransactionState.COMMIT_MESSAGE;
            }
        };
    }

    private void send(String body, LocalTransactionState expected) throws Exception {
        TransactionSendResult result =
            producer.sendMessageInTransaction(new Message(TOPIC, "tag", body, body.getBytes()), "argument");
        check(result.getLocalTransactionState() == expected, body);
    }

    private void consume(String nameServer) throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer("java-transaction-consumer");
        consumer.setNamesrvAddr(nameServer);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(TOPIC, "tag");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) consumed.add(new String(message.getBody()));
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
    }

    private static void await(String what, Queue<String> queue, String expected) throws InterruptedException {
        for (int i = 0; i < SECONDS * 100 && !queue.contains(expected); i++) Thread.sleep(10);
        check(queue.contains(expected), what);
        done(what);
    }

    private static void check(boolean isTrue, String what) {
        if (!isTrue) throw new IllegalStateException(what + " does not work");
    }

    private static void done(String what) {
        System.out.println("worked: " + what);
    }
}
