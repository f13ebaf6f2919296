import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.exception.RequestTimeoutException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.RequestCallback;
import org.apache.rocketmq.client.utils.MessageUtil;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Requests and replies. Alone: asks itself, and prints one line for each thing that worked. With `reply` and a topic: answers
 * until its standard input ends. With `request` and a topic: asks, and prints the replies.
 */
public class RequestReply {
    private static final int TIMEOUT = 30_000;

    private final String nameServer;
    private final DefaultMQProducer producer;

    private RequestReply(String nameServer, String group) throws Exception {
        this.nameServer = nameServer;
        producer = new DefaultMQProducer(group);
        producer.setNamesrvAddr(nameServer);
        producer.setSendMsgTimeout(TIMEOUT);
        producer.start();
    }

    public static void main(String[] arguments) throws Exception {
        // Its threads would keep the process alive.
        Thread.currentThread().setUncaughtExceptionHandler((thread, error) -> {
            error.printStackTrace();
            System.exit(1);
        });
        String role = arguments.length > 1 ? arguments[1] : "alone";
        RequestReply peer = new RequestReply(arguments[0], "java-request-" + role);
        if (role.equals("alone")) peer.askItself("java-requests");
        if (role.equals("reply")) peer.replyUntilEnd(arguments[2]);
        if (role.equals("request")) for (int i = 0; i < 5; i++) System.out.println("reply: " + peer.ask(arguments[2], "text " + i));
        System.exit(0);
    }

    private void askItself(String topic) throws Exception {
        createTopics(topic, "java-nobody");
        startReplier(topic);
        check(ask(topic, "question").equals("QUESTION"), "request");
        System.out.println("worked: request");
        CountDownLatch replied = new CountDownLatch(1);
        producer.request(new Message(topic, "later".getBytes()), new RequestCallback() {
            @Override
            public void onSuccess(Message reply) {
                if (new String(reply.getBody()).equals("LATER")) replied.countDown();
            }

            @Override
            public void onException(Throwable error) {
                error.printStackTrace();
            }
        }, TIMEOUT);
        check(replied.await(TIMEOUT, TimeUnit.MILLISECONDS), "asynchronous request");
        System.out.println("worked: asynchronous request");
        try {
            producer.request(new Message("java-nobody", "lost".getBytes()), 2000);
        } catch (RequestTimeoutException expected) {
            System.out.println("worked: timeout");
        }
    }

    /** By another client: one that knows the topic does not tell the broker of itself before its first request, but at its leisure. */
    private void createTopics(String... topics) throws Exception {
        RequestReply other = new RequestReply(nameServer, "java-request-topics");
        for (String topic : topics) other.producer.send(new Message(topic, "creates the topic".getBytes()));
        other.producer.shutdown();
    }

    private String ask(String topic, String text) throws Exception {
        return new String(producer.request(new Message(topic, text.getBytes()), TIMEOUT).getBody());
    }

    private void replyUntilEnd(String topic) throws Exception {
        startReplier(topic);
        System.out.println("ready");
        while (System.in.read() >= 0) { }
    }

    private void startReplier(String topic) throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer("java-replier");
        consumer.setNamesrvAddr(nameServer);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt request : messages) reply(request);
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
    }

    private void reply(MessageExt request) {
        if (request.getProperty("REPLY_TO_CLIENT") == null) return;
        try {
            byte[] body = new String(request.getBody()).toUpperCase().getBytes();
            producer.send(MessageUtil.createReplyMessage(request, body), TIMEOUT);
        } catch (Exception error) {
            error.printStackTrace();
        }
    }

    private static void check(boolean isTrue, String what) {
        if (!isTrue) throw new IllegalStateException(what + " does not work");
    }
}
