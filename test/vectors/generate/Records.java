import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.rocketmq.common.UtilAll;
import org.apache.rocketmq.common.message.MessageAccessor;
import org.apache.rocketmq.common.message.MessageClientExt;
import org.apache.rocketmq.common.message.MessageDecoder;
import org.apache.rocketmq.common.message.MessageExtBrokerInner;
import org.apache.rocketmq.common.sysflag.MessageSysFlag;
import org.apache.rocketmq.store.DefaultMessageStore;

/** records.json: single records, blanks and consume queue units. Arguments: DIRECTORY (with clean and crashed) PROPERTIES OUT-FILE. */
public final class Records {
    /** Of the store whose records carry a CRC property these are enough. */
    private static final Set<String> WITH_CRC = Set.of("plain", "batch member", "compressed with zlib", "delivered after its delay", "retry",
        "version 2: retry topic of 128 characters", "committed");
    private static final List<Object> RECORDS = new ArrayList<>();
    private static final List<Object> UNITS = new ArrayList<>();

    public static void main(String[] args) throws Exception {
        Path directory = Path.of(args[0]);
        Map<String, Object> vectors = new LinkedHashMap<>();
        vectors.put("records", RECORDS);
        vectors.put("blanks", blanks(directory.resolve("clean")));
        vectors.put("consumeQueueUnits", UNITS);
        fromStore(directory, "clean");
        fromStore(directory, "crashed");
        fromOwnStore(directory.resolve("own"), Path.of(args[1]));
        Json.write(Path.of(args[2]), vectors);
    }

    private static void fromStore(Path directory, String name) throws Exception {
        Path store = directory.resolve(name);
        Map<String, Predicate<MessageClientExt>> kinds = new LinkedHashMap<>();
        kinds.put("plain", m -> "3".equals(m.getProperty("index")));
        kinds.put("plain with non-ASCII tag and properties", m -> "50".equals(m.getProperty("index")));
        kinds.put("no keys, no tags", m -> m.getKeys() == null && m.getTopic().equals(StoreTraffic.TOPIC));
        kinds.put("flag set, WAIT=false", m -> key(m, "flagged"));
        kinds.put("batch member", m -> key(m, "batch-2"));
        kinds.put("compressed with zlib", m -> key(m, "compressed-ZLIB"));
        kinds.put("compressed with LZ4", m -> key(m, "compressed-LZ4"));
        kinds.put("compressed with Zstandard", m -> key(m, "compressed-ZSTD"));
        kinds.put("topic of 127 characters", m -> m.getTopic().equals(StoreTraffic.LONG_TOPIC));
        kinds.put("waiting in the schedule topic", m -> key(m, "delayed-10"));
        kinds.put("delivered after its delay", m -> key(m, "delayed-1") && m.getTopic().equals(StoreTraffic.TOPIC));
        kinds.put("sent back, in the schedule topic", m -> key(m, "retry-once") && m.getTopic().startsWith("SCHEDULE"));
        kinds.put("retry", m -> key(m, "retry-once") && m.getTopic().startsWith("%RETRY%"));
        kinds.put("second retry", m -> key(m, "retry-twice") && m.getTopic().startsWith("%RETRY%") && m.getReconsumeTimes() == 2);
        kinds.put("version 2: retry topic of 128 characters", m -> m.getTopic().equals("%RETRY%" + StoreTraffic.LONG_GROUP));
        kinds.put("dead letter", m -> m.getTopic().startsWith("%DLQ%"));
        kinds.put("half message", m -> key(m, "tx-COMMIT_MESSAGE") && m.getTopic().startsWith("RMQ_SYS"));
        kinds.put("committed", m -> key(m, "tx-COMMIT_MESSAGE") && m.getTopic().equals(StoreTraffic.TOPIC));
        kinds.put("op message", m -> m.getTopic().equals("RMQ_SYS_TRANS_OP_HALF_TOPIC"));
        kinds.keySet().removeIf(kind -> name.equals("crashed") && !WITH_CRC.contains(kind));
        List<Stored.Entry> entries = Stored.commitLog(store);
        for (Map.Entry<String, Predicate<MessageClientExt>> kind : kinds.entrySet()) {
            Stored.Entry found = entries.stream().filter(e -> !e.blank && kind.getValue().test(e.message)).findFirst().orElseThrow();
            add(kind.getKey(), name, found.bytes);
            if (name.equals("clean")) {
                addUnit(kind.getKey(), store, found.message);
            }
        }
    }

    private static boolean key(MessageClientExt message, String key) {
        return key.equals(message.getKeys());
    }

    private static void add(String kind, String store, byte[] bytes) throws Exception {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        MessageClientExt message = Stored.decode(buffer.duplicate());
        Json.Line fields = Stored.describe(message);
        fields.put("magic", String.format("%08x", buffer.getInt(4)));
        fields.put("bodyHex", Stored.hex(Stored.body(message)));
        fields.put("propertiesHex", Stored.hex(propertiesText(bytes, message)));
        if (message.getProperty("__CRC32#") != null) {
            fields.put("crc32BeforeLast20Bytes", UtilAll.crc32(bytes, 0, bytes.length - 20));
        }
        RECORDS.add(Json.map("kind", kind, "store", store, "hex", Stored.hex(bytes), "fields", fields));
    }

    /** The properties exactly as stored: what follows the topic and the int16 length. */
    private static byte[] propertiesText(byte[] bytes, MessageClientExt message) {
        int flag = message.getSysFlag();
        int hosts = ((flag & MessageSysFlag.BORNHOST_V6_FLAG) == 0 ? 8 : 20) + ((flag & MessageSysFlag.STOREHOSTADDRESS_V6_FLAG) == 0 ? 8 : 20);
        int topicLengthSize = ByteBuffer.wrap(bytes).getInt(4) == MessageDecoder.MESSAGE_MAGIC_CODE ? 1 : 2;
        int start = 72 + hosts + Stored.body(message).length + topicLengthSize + message.getTopic().length() + 2;
        return Arrays.copyOfRange(bytes, start, bytes.length);
    }

    private static void addUnit(String kind, Path store, MessageClientExt message) throws Exception {
        int fileSize = 2000;
        long at = message.getQueueOffset() * 20;
        Path file = store.resolve("consumequeue").resolve(message.getTopic()).resolve("" + message.getQueueId())
            .resolve(String.format("%020d", at / fileSize * fileSize));
        byte[] unit = Arrays.copyOfRange(Files.readAllBytes(file), (int) (at % fileSize), (int) (at % fileSize) + 20);
        ByteBuffer buffer = ByteBuffer.wrap(unit);
        UNITS.add(Json.line("kind", kind, "hex", Stored.hex(unit), "topic", message.getTopic(), "queueId", message.getQueueId(), "queueOffset", message.getQueueOffset(),
            "commitLogOffset", buffer.getLong(0), "size", buffer.getInt(8), "tagsCode", buffer.getLong(12), "tags", message.getTags(), "storeTimestamp", message.getStoreTimestamp()));
    }

    private static Object blanks(Path store) throws Exception {
        List<Object> blanks = new ArrayList<>();
        for (Stored.Entry entry : Stored.commitLog(store)) {
            if (entry.blank) {
                ByteBuffer buffer = ByteBuffer.wrap(entry.bytes);
                blanks.add(Json.line("offset", entry.offset, "hex", Stored.hex(entry.bytes), "size", buffer.getInt(0), "magic", String.format("%08x", buffer.getInt(4))));
            }
        }
        return blanks;
    }

    /** What a client on this loopback cannot cause. */
    private static void fromOwnStore(Path root, Path properties) throws Exception {
        DefaultMessageStore store = StoreManifest.open(root, properties);
        SocketAddress four = host("127.0.0.1", 20911);
        SocketAddress six = host("2001:db8::1", 20911);
        put(store, "IPv6 hosts", message(host("fd00::7", 50000), six, "TAGS\u0001TagA\u0002UNIQ_KEY\u000120010DB8000000000000FF00004283290FA018B4AAC2000F42400001\u0002"));
        put(store, "IPv6 born host", message(host("fd00::7", 50000), four, "KEYS\u0001k1\u0002"));
        put(store, "IPv6 store host", message(four, six, "KEYS\u0001k1\u0002"));
        put(store, "properties without the last separator", message(four, four, "KEYS\u0001k1\u0002TAGS\u0001TagA"));
        put(store, "no properties", message(four, four, ""));
        MessageExtBrokerInner emptyBody = message(four, four, "KEYS\u0001k1\u0002");
        emptyBody.setBody(new byte[0]);
        put(store, "empty body", emptyBody);
        MessageExtBrokerInner prepared = message(four, four, "TRAN_MSG\u0001true\u0002");
        prepared.setSysFlag(MessageSysFlag.TRANSACTION_PREPARED_TYPE);
        put(store, "prepared type", prepared);
        MessageExtBrokerInner rollback = message(four, four, "TRAN_MSG\u0001true\u0002");
        rollback.setSysFlag(MessageSysFlag.TRANSACTION_ROLLBACK_TYPE);
        rollback.setPreparedTransactionOffset(4711);
        put(store, "rollback type", rollback);
    }

    private static MessageExtBrokerInner message(SocketAddress bornHost, SocketAddress storeHost, String properties) {
        MessageExtBrokerInner message = new MessageExtBrokerInner();
        message.setTopic(StoreTraffic.TOPIC);
        message.setBody("hello".getBytes());
        message.setBornTimestamp(System.currentTimeMillis());
        message.setBornHost(bornHost);
        message.setStoreHost(storeHost);
        MessageAccessor.setProperties(message, MessageDecoder.string2messageProperties(properties));
        message.setPropertiesString(properties);
        return message;
    }

    private static SocketAddress host(String ip, int port) throws Exception {
        return new InetSocketAddress(InetAddress.getByName(ip), port);
    }

    private static void put(DefaultMessageStore store, String kind, MessageExtBrokerInner message) throws Exception {
        long offset = store.getMaxPhyOffset();
        if (!store.putMessage(message).isOk()) {
            throw new IllegalStateException(kind);
        }
        byte[] bytes = new byte[(int) (store.getMaxPhyOffset() - offset)];
        store.getCommitLogData(offset).getByteBuffer().get(bytes);
        add(kind, "own", bytes);
    }
}
