import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.apache.rocketmq.acl.common.AclClientRPCHook;
import org.apache.rocketmq.acl.common.SessionCredentials;
import org.apache.rocketmq.common.MQVersion;
import org.apache.rocketmq.remoting.protocol.RemotingCommand;
import org.apache.rocketmq.remoting.protocol.RequestCode;
import org.apache.rocketmq.remoting.protocol.SerializeType;
import org.apache.rocketmq.remoting.protocol.header.GetMaxOffsetRequestHeader;
import org.apache.rocketmq.remoting.protocol.header.QueryMessageRequestHeader;
import org.apache.rocketmq.remoting.protocol.header.SendMessageRequestHeaderV2;

/** Requests as a Java client signs them, whole frames. */
public final class Signatures {
    private static final List<Object> VECTORS = new ArrayList<>();

    public static void main(String[] arguments) throws Exception {
        for (SerializeType type : SerializeType.values()) {
            sign(type, "a request without fields", "user", "secret", null, null, null);
            sign(type, "a request with fields", "user", "secret", null, maxOffset("orders"), null);
            sign(type, "a body", "user", "secret", null, null, "{\"clientID\":\"c\"}".getBytes(StandardCharsets.UTF_8));
            sign(type, "fields and a body", "user", "secret", null, send(), new byte[] {0, -1, 127, -128});
            sign(type, "a security token", "user", "secret", "a token", maxOffset("orders"), null);
            sign(type, "texts beyond ASCII", "用户", "密钥ß\uD83D\uDE00", null, maxOffset("Größe\uD83D\uDE00"), null);
            sign(type, "a query by unique key", "user", "secret", null, query(), null);
            sign(type, "a query by unique key of 4.9.3", "user", "secret", null, query(), null);
            sign(type, "an empty value", "user", "secret", null, maxOffset(""), null);
        }
        Json.write(Paths.get(arguments[0]), VECTORS);
    }

    private static void sign(SerializeType type, String what, String accessKey, String secretKey, String token,
        org.apache.rocketmq.remoting.CommandCustomHeader header, byte[] body) {
        RemotingCommand command = RemotingCommand.createRequestCommand(codeOf(header), header);
        boolean isOld = what.endsWith("4.9.3");
        command.setVersion((isOld ? MQVersion.Version.V4_9_3 : MQVersion.Version.V5_3_3).ordinal());
        boolean isQuery = header instanceof QueryMessageRequestHeader;
        if (isQuery && !isOld) command.addExtField("_UNIQUE_KEY_QUERY", "true");
        command.setSerializeTypeCurrentRPC(type);
        command.setBody(body);
        SessionCredentials credentials = token == null ? new SessionCredentials(accessKey, secretKey)
            : new SessionCredentials(accessKey, secretKey, token);
        new AclClientRPCHook(credentials).doBeforeRequest("127.0.0.1:10911", command);
        // Clients up to 4.9.3 did it in this order.
        if (isOld) command.addExtField("_UNIQUE_KEY_QUERY", "true");
        ByteBuffer frame = command.encode();
        byte[] bytes = new byte[frame.remaining()];
        frame.get(bytes);
        VECTORS.add(Json.map("what", what, "serializeType", type.name(), "accessKey", accessKey, "secretKey", secretKey,
            "securityToken", token, "signature", command.getExtFields().get("Signature"), "hex", HexFormat.of().formatHex(bytes)));
    }

    private static int codeOf(Object header) {
        if (header instanceof GetMaxOffsetRequestHeader) return RequestCode.GET_MAX_OFFSET;
        if (header instanceof SendMessageRequestHeaderV2) return RequestCode.SEND_MESSAGE_V2;
        return header == null ? RequestCode.HEART_BEAT : RequestCode.QUERY_MESSAGE;
    }

    private static GetMaxOffsetRequestHeader maxOffset(String topic) {
        GetMaxOffsetRequestHeader header = new GetMaxOffsetRequestHeader();
        header.setTopic(topic);
        header.setQueueId(3);
        return header;
    }

    private static QueryMessageRequestHeader query() {
        QueryMessageRequestHeader header = new QueryMessageRequestHeader();
        header.setTopic("orders");
        header.setKey("7F0000010001");
        header.setMaxNum(32);
        header.setBeginTimestamp(0L);
        header.setEndTimestamp(Long.MAX_VALUE);
        return header;
    }

    private static SendMessageRequestHeaderV2 send() {
        SendMessageRequestHeaderV2 header = new SendMessageRequestHeaderV2();
        header.setA("group");
        header.setB("orders");
        header.setC("TBW102");
        header.setD(4);
        header.setE(0);
        header.setF(0);
        header.setG(1600000000000L);
        header.setH(0);
        header.setI("KEYS\u00017\u0002TAGS\u0001a\u0002");
        header.setJ(0);
        return header;
    }
}
