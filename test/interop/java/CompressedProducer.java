import java.nio.charset.StandardCharsets;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.compression.CompressionType;
import org.apache.rocketmq.common.message.Message;

/** Sends one message with each kind of compression. Arguments: NAME-SERVER TOPIC. */
public class CompressedProducer {
    public static void main(String[] arguments) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("java-compressing-producer");
        producer.setNamesrvAddr(arguments[0]);
        // The first send of a cold JVM takes long on a busy machine.
        producer.setSendMsgTimeout(30_000);
        producer.start();
        for (CompressionType type : CompressionType.values()) {
            producer.setCompressType(type);
            byte[] body = (type + " Gr\u00fc\u00dfe ").repeat(20_000).getBytes(StandardCharsets.UTF_8);
            System.out.println("sent: " + producer.send(new Message(arguments[1], type.name(), body)).getSendStatus());
        }
        producer.shutdown();
    }
}
