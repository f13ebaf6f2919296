import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.rocketmq.common.BoundaryType;
import org.apache.rocketmq.common.BrokerConfig;
import org.apache.rocketmq.common.MixAll;
import org.apache.rocketmq.common.message.MessageClientExt;
import org.apache.rocketmq.store.DefaultMessageStore;
import org.apache.rocketmq.store.QueryMessageResult;
import org.apache.rocketmq.store.SelectMappedBufferResult;
import org.apache.rocketmq.store.config.MessageStoreConfig;
import org.apache.rocketmq.store.queue.ConsumeQueueInterface;
import org.apache.rocketmq.store.queue.CqUnit;
import org.apache.rocketmq.store.stats.BrokerStatsManager;

/** What Apache's store answers after it opened (and recovered) a copy. Arguments: STORE COPY PROPERTIES OUT-FILE. */
public final class StoreManifest {
    private static DefaultMessageStore store;

    public static void main(String[] args) throws Exception {
        Path original = Path.of(args[0]);
        Map<String, Object> manifest = new LinkedHashMap<>();
        manifest.put("brokerProperties", new TreeMap<>(properties(Path.of(args[2]))));
        manifest.put("files", files(original));
        manifest.put("checkpoint", Stored.checkpoint(Files.readAllBytes(original.resolve("checkpoint"))));
        manifest.put("blanks", Stored.commitLog(original).stream().filter(entry -> entry.blank)
            .map(entry -> Json.line("offset", entry.offset, "hex", Stored.hex(entry.bytes))).collect(Collectors.toList()));
        store = open(Path.of(args[1]), Path.of(args[2]));
        manifest.put("commitLog", Json.line("minOffset", store.getMinPhyOffset(), "maxOffset", store.getMaxPhyOffset()));
        List<Object> messages = new ArrayList<>();
        manifest.put("queues", queues(messages));
        manifest.put("consumerOffsets", offsets(original.resolve("config/consumerOffset.json")));
        manifest.put("delayOffsets", offsets(original.resolve("config/delayOffset.json")));
        manifest.put("queryMessage", queries(messages));
        manifest.put("offsetByTimestamp", offsetsByTime(messages));
        manifest.put("messages", messages);
        Json.write(Path.of(args[3]), manifest);
        store.shutdown();
    }

    static DefaultMessageStore open(Path root, Path propertiesFile) throws Exception {
        Properties properties = properties(propertiesFile);
        MessageStoreConfig config = new MessageStoreConfig();
        BrokerConfig broker = new BrokerConfig();
        MixAll.properties2Object(properties, config);
        MixAll.properties2Object(properties, broker);
        config.setStorePathRootDir(root.toString());
        DefaultMessageStore opened = new DefaultMessageStore(config, new BrokerStatsManager(broker),
            (topic, queueId, offset, tagsCode, time, bitMap, properties1) -> { }, broker, new ConcurrentHashMap<>());
        if (!opened.load()) {
            throw new IllegalStateException("store does not load");
        }
        opened.start();
        settle(opened);
        return opened;
    }

    private static Properties properties(Path file) throws Exception {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        }
        return properties;
    }

    private static void settle(DefaultMessageStore opened) throws Exception {
        while (opened.dispatchBehindBytes() > 0) {
            Thread.sleep(10);
        }
    }

    private static Object files(Path root) throws Exception {
        Map<String, Object> sizes = new LinkedHashMap<>();
        for (Path file : Stored.files(root)) {
            sizes.put(root.relativize(file).toString(), Files.size(file));
        }
        return sizes;
    }

    private static Object queues(List<Object> messages) throws Exception {
        List<Object> queues = new ArrayList<>();
        for (Map<Integer, ConsumeQueueInterface> byId : new TreeMap<>(store.getQueueStore().getConsumeQueueTable()).values()) {
            for (ConsumeQueueInterface queue : new TreeMap<>(byId).values()) {
                queues.add(Json.line("topic", queue.getTopic(), "queueId", queue.getQueueId(), "minOffset", queue.getMinOffsetInQueue(),
                    "maxOffset", queue.getMaxOffsetInQueue(), "maxPhysicOffset", queue.getMaxPhysicOffset()));
                for (long offset = queue.getMinOffsetInQueue(); offset < queue.getMaxOffsetInQueue(); offset++) {
                    messages.add(message(queue.get(offset)));
                }
            }
        }
        return queues;
    }

    private static Object message(CqUnit unit) throws Exception {
        SelectMappedBufferResult record = store.selectOneMessageByOffset(unit.getPos(), unit.getSize());
        MessageClientExt message = Stored.decode(record.getByteBuffer());
        record.release();
        Json.Line line = Stored.describe(message);
        line.put("tagsCode", unit.getTagsCode());
        return line;
    }

    private static Object offsets(Path file) throws Exception {
        return sorted(((Map<?, ?>) Json.read(file)).get("offsetTable"));
    }

    private static Object sorted(Object value) {
        if (!(value instanceof Map)) {
            return value;
        }
        Map<String, Object> copy = new TreeMap<>();
        ((Map<?, ?>) value).forEach((key, item) -> copy.put(String.valueOf(key), sorted(item)));
        return copy;
    }

    private static Object queries(List<Object> messages) {
        long first = messages.stream().mapToLong(m -> number(m, "storeTimestamp")).min().orElse(0);
        long last = messages.stream().mapToLong(m -> number(m, "storeTimestamp")).max().orElse(0) + 1000;
        String unique = (String) ((Map<?, ?>) messages.get(messages.size() / 2)).get("msgId");
        String uniqueTopic = (String) ((Map<?, ?>) messages.get(messages.size() / 2)).get("topic");
        List<Object> answers = new ArrayList<>();
        Object[][] cases = {{StoreTraffic.TOPIC, "key-17", 32}, {StoreTraffic.TOPIC, "shared", 32}, {StoreTraffic.TOPIC, "shared", 1000}, {StoreTraffic.TOPIC, "mod-3", 64},
            {StoreTraffic.TOPIC, "no-such-key", 32}, {"%RETRY%group-a", "retry-twice", 32}, {"SCHEDULE_TOPIC_XXXX", "delayed-10", 32}, {StoreTraffic.TOPIC, "delayed-1", 32},
            {"RMQ_SYS_TRANS_HALF_TOPIC", "tx-UNKNOW", 32}, {uniqueTopic, unique, 32}};
        for (Object[] c : cases) {
            answers.add(query((String) c[0], (String) c[1], (int) c[2], 0, last));
        }
        answers.add(query(StoreTraffic.TOPIC, "mod-3", 64, first + (last - first) / 2, last));
        answers.add(query(StoreTraffic.TOPIC, "mod-3", 64, 0, first + 300));
        return answers;
    }

    private static Object query(String topic, String key, int max, long begin, long end) {
        QueryMessageResult result = store.queryMessage(topic, key, max, begin, end);
        List<Long> offsets = result.getMessageBufferList().stream().map(buffer -> buffer.getLong(28)).collect(Collectors.toList());
        Object answer = Json.line("topic", topic, "key", key, "maxNum", max, "begin", begin, "end", end, "commitLogOffsets", offsets,
            "indexLastUpdateTimestamp", result.getIndexLastUpdateTimestamp(), "indexLastUpdatePhyoffset", result.getIndexLastUpdatePhyoffset());
        result.release();
        return answer;
    }

    private static Object offsetsByTime(List<Object> messages) {
        List<Long> times = messages.stream().filter(m -> ((Map<?, ?>) m).get("topic").equals(StoreTraffic.TOPIC) && number(m, "queueId") == 0)
            .map(m -> number(m, "storeTimestamp")).collect(Collectors.toList());
        long middle = times.get(times.size() / 2);
        List<Object> answers = new ArrayList<>();
        for (long time : new long[] {0, times.get(0) - 1000, times.get(0), middle - 1, middle, middle + 1, times.get(times.size() - 1), times.get(times.size() - 1) + 1000}) {
            answers.add(Json.line("topic", StoreTraffic.TOPIC, "queueId", 0, "timestamp", time,
                "lower", store.getOffsetInQueueByTime(StoreTraffic.TOPIC, 0, time, BoundaryType.LOWER),
                "upper", store.getOffsetInQueueByTime(StoreTraffic.TOPIC, 0, time, BoundaryType.UPPER)));
        }
        return answers;
    }

    private static long number(Object message, String field) {
        return ((Number) ((Map<?, ?>) message).get(field)).longValue();
    }
}
