import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.acl.common.AclClientRPCHook;
import org.apache.rocketmq.acl.common.SessionCredentials;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** An application with the official client that signs its requests; prints one line for each thing that worked, or why not. */
public class SecureClients {
    private static final int COUNT = 100;
    private static final int SECONDS = 60;

    public static void main(String[] arguments) throws Exception {
        AclClientRPCHook hook = new AclClientRPCHook(new SessionCredentials(arguments[1], arguments[2]));
        DefaultMQProducer producer = new DefaultMQProducer("secure-producer", hook);
        producer.setNamesrvAddr(arguments[0]);
        // The first send of a cold JVM takes long on a busy machine.
        producer.setSendMsgTimeout(30_000);
        producer.start();
        try {
            for (int i = 0; i < COUNT; i++) producer.send(new Message("secure-java", "tag", "key", ("" + i).getBytes()));
        } catch (Exception e) {
            Throwable cause = e;
            while (cause.getCause() != null) cause = cause.getCause();
            System.out.println("refused: " + cause.getMessage().replace('\n', ' '));
            System.exit(0);
        }
        System.out.println("worked: send");
        Set<String> received = ConcurrentHashMap.newKeySet();
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer("secure-consumer", hook);
        consumer.setNamesrvAddr(arguments[0]);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe("secure-java", "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) received.add(new String(message.getBody()));
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        for (int i = 0; i < SECONDS * 10 && received.size() < COUNT; i++) Thread.sleep(100);
        if (received.size() == COUNT) System.out.println("worked: consume");
        System.exit(0);
    }
}
