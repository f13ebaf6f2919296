import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TimeZone;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.apache.rocketmq.broker.BrokerController;
import org.apache.rocketmq.broker.schedule.ScheduleMessageService;
import org.apache.rocketmq.client.Validators;
import org.apache.rocketmq.client.consumer.AllocateMessageQueueStrategy;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueAveragely;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueAveragelyByCircle;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.selector.SelectMessageQueueByHash;
import org.apache.rocketmq.common.BrokerConfig;
import org.apache.rocketmq.common.UtilAll;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageClientIDSetter;
import org.apache.rocketmq.common.message.MessageDecoder;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.common.sysflag.MessageSysFlag;
import org.apache.rocketmq.common.topic.TopicValidator;
import org.apache.rocketmq.remoting.netty.NettyClientConfig;
import org.apache.rocketmq.remoting.netty.NettyServerConfig;
import org.apache.rocketmq.remoting.protocol.filter.FilterAPI;
import org.apache.rocketmq.remoting.protocol.heartbeat.SubscriptionData;
import org.apache.rocketmq.store.config.MessageStoreConfig;
import org.apache.rocketmq.store.index.IndexFile;

/** java.json: what Apache's own functions return for chosen arguments. Arguments: SCRATCH-DIR OUT-FILE. */
public final class JavaValues {
    private static final String LONG = "RocketMQ-".repeat(100);

    public static void main(String[] args) throws Exception {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("stringHashCode", hashCodes());
        values.put("indexKeyHash", indexKeyHashes(args[0]));
        values.put("selectMessageQueueByHash", selectByHash());
        values.put("allocate", allocate());
        values.put("messageProperties2String", propertiesToString());
        values.put("string2messageProperties", stringToProperties());
        values.put("encodeMessages", batchBody());
        values.put("messageIds", messageIds());
        values.put("messageSysFlag", sysFlags());
        values.put("crc32", crcs());
        values.put("buildSubscriptionData", subscriptions());
        values.put("parseDelayLevel", delayLevels(args[0]));
        values.put("validateTopic", brokerTopicChecks());
        values.put("checkTopic", clientChecks(Validators::checkTopic));
        values.put("checkGroup", clientChecks(Validators::checkGroup));
        values.put("clientExceptionMessage", new MQClientException("<errorMessage>", null).getMessage());
        values.put("clientMessageIds", clientMessageIds());
        Json.write(Path.of(args[1]), values);
    }

    private static Object hashCodes() {
        return Stream.of("", " ", "a", "b", "A", "0", "-1", "ab", "ba", "a#b", "Aa", "BB", "AaAa", "BBBB", "TagA", "TagB", "TAG_1", "TopicA",
            "TopicA#k1", "order-10086", "%RETRY%group-a", "%DLQ%group-a", "SCHEDULE_TOPIC_XXXX", "hello world", "a||b", "\t\n", "\u0000",
            "\u00e9", "e\u0301", "ß", "标签", "中文标签-订单", "订单号12345", "日本語", "😀", "👨‍👩‍👧", "tag😀", "\ud83d", "\ude00\ud83d", "\uffff", "\u2028",
            "polygenelubricants", "GydZG_", "DESIGNING WORKHOUSES", LONG, LONG + "中😀")
            .map(text -> Json.line("text", text, "hashCode", text.hashCode())).collect(Collectors.toList());
    }

    private static Object indexKeyHashes(String scratch) throws Exception {
        int slots = 500;
        IndexFile file = new IndexFile(scratch + "/20250101000000000", slots, 10, 0, 0);
        return Stream.of("TopicA#k1", "TopicA#k2", "a#b", "中文#键", "TopicA#😀", "polygenelubricants", "GydZG_", "", "TopicA#" + LONG)
            .map(key -> Json.line("key", key, "hash", file.indexKeyHashMethod(key), "slotOf500", file.indexKeyHashMethod(key) % slots))
            .collect(Collectors.toList());
    }

    private static Object selectByHash() {
        Object[] keys = {"", "a", "order-1", "order-2", "order-3", "订单", "😀", "polygenelubricants", "GydZG_", "%RETRY%group-a",
            0, 1, -1, 7, -7, Integer.MIN_VALUE, Integer.MAX_VALUE, 10086L, -1L, Long.MIN_VALUE, 1L << 40};
        List<Object> cases = new ArrayList<>();
        for (Object key : keys) {
            Map<String, Object> index = Json.map();
            for (int count : new int[] {1, 3, 4, 8}) {
                index.put(String.valueOf(count), new SelectMessageQueueByHash().select(queues(count), null, key).getQueueId());
            }
            cases.add(Json.line("type", key.getClass().getSimpleName(), "arg", key.toString(), "hashCode", key.hashCode(), "indexByQueueCount", index));
        }
        return cases;
    }

    private static Object allocate() {
        Map<String, Object> strategies = Json.map();
        for (AllocateMessageQueueStrategy strategy : List.of(new AllocateMessageQueueAveragely(), new AllocateMessageQueueAveragelyByCircle())) {
            List<Object> cases = new ArrayList<>();
            for (int queueCount = 0; queueCount <= 9; queueCount++) {
                for (int consumers = 1; consumers <= 6; consumers++) {
                    cases.add(allocateOne(strategy, queueCount, consumers));
                }
            }
            strategies.put(strategy.getName(), cases);
        }
        return strategies;
    }

    private static Object allocateOne(AllocateMessageQueueStrategy strategy, int queueCount, int consumers) {
        List<String> ids = IntStream.range(0, consumers).mapToObj(i -> "consumer-" + i).collect(Collectors.toList());
        try {
            List<List<Integer>> assigned = ids.stream().map(id -> strategy.allocate("group-a", id, queues(queueCount), ids).stream()
                .map(MessageQueue::getQueueId).collect(Collectors.toList())).collect(Collectors.toList());
            return Json.line("queues", queueCount, "consumers", consumers, "queueIds", assigned);
        } catch (IllegalArgumentException e) {
            return Json.line("queues", queueCount, "consumers", consumers, "error", e.getMessage());
        }
    }

    private static List<MessageQueue> queues(int count) {
        return IntStream.range(0, count).mapToObj(i -> new MessageQueue("TopicA", "broker-a", i)).collect(Collectors.toList());
    }

    private static Object propertiesToString() {
        String[][][] cases = {null, {}, {{"KEYS", "k1 k2"}}, {{"TAGS", "TagA"}, {"KEYS", "k1"}, {"WAIT", "true"}}, {{"a", ""}},
            {{"a", null}, {"b", "1"}}, {{"名称", "值"}, {"face", "😀"}}, {{"x", "with\u0001one"}, {"y", "with\u0002two"}}};
        return Arrays.stream(cases).map(pairs -> {
            Map<String, String> properties = pairs == null ? null : new LinkedHashMap<>();
            Arrays.stream(pairs == null ? new String[0][] : pairs).forEach(pair -> properties.put(pair[0], pair[1]));
            return Json.line("properties", pairs, "text", MessageDecoder.messageProperties2String(properties));
        }).collect(Collectors.toList());
    }

    private static Object stringToProperties() {
        return Stream.of(null, "", "a\u0001b", "a\u0001b\u0002", "a\u0001b\u0002c\u0001d", "a\u0001b\u0002c\u0001d\u0002", "a\u0001b\u0002a\u0001c\u0002",
            "a\u0001\u0002b\u0001c\u0002", "\u0001v\u0002b\u0001c\u0002", "abc\u0002b\u0001c\u0002", "abcd\u0002\u0002b\u0001c\u0002\u0002", "a\u0001b\u0001c\u0002",
            "a\u0002b\u0001\u0002c\u0001d\u0002", "abc", "\u0002\u0002", "\u0001\u0001\u0001\u0002", "名称\u0001值\u0002face\u0001😀\u0002", "a\u0001 \u0002 b \u0001c")
            .map(text -> Json.line("text", text, "properties", new TreeMap<>(MessageDecoder.string2messageProperties(text)))).collect(Collectors.toList());
    }

    private static Object batchBody() {
        Message plain = message("hello", 0);
        Message tagged = message("中文😀", 7, "TAGS", "TagA", "KEYS", "k1 k2", "WAIT", "true");
        Message binary = new Message("TopicA", new byte[] {0, 1, 2, (byte) 0xff});
        binary.setFlag(-1);
        binary.putUserProperty("城市", "上海");
        List<Message> messages = List.of(plain, tagged, binary);
        return Json.map("messages", messages.stream().map(message -> Json.line("flag", message.getFlag(), "bodyHex", hex(message.getBody()),
                "propertiesHex", hex(MessageDecoder.messageProperties2String(message.getProperties()).getBytes(StandardCharsets.UTF_8)),
                "properties", message.getProperties(), "hex", hex(MessageDecoder.encodeMessage(message)))).collect(Collectors.toList()),
            "hex", hex(MessageDecoder.encodeMessages(messages)));
    }

    private static Message message(String body, int flag, String... properties) {
        Message message = new Message("TopicA", body.getBytes(StandardCharsets.UTF_8));
        message.setFlag(flag);
        message.getProperties().clear();
        for (int i = 0; i < properties.length; i += 2) {
            message.getProperties().put(properties[i], properties[i + 1]);
        }
        return message;
    }

    private static Object messageIds() throws Exception {
        Object[][] cases = {{"127.0.0.1", 10911, 0L}, {"127.0.0.5", 20911, 7907L}, {"255.255.255.255", 65535, Long.MAX_VALUE},
            {"10.0.0.1", 1, 1L << 40}, {"::1", 10911, 0L}, {"2001:db8::ff00:42:8329", 10911, 123456789L}};
        List<Object> ids = new ArrayList<>();
        for (Object[] c : cases) {
            String id = MessageDecoder.createMessageId(new InetSocketAddress(InetAddress.getByName((String) c[0]), (int) c[1]), (long) c[2]);
            ids.add(Json.line("ip", c[0], "port", c[1], "offset", c[2].toString(), "id", id, "decodedOffset", "" + MessageDecoder.decodeMessageId(id).getOffset()));
        }
        return ids;
    }

    private static Object sysFlags() throws Exception {
        Map<String, Object> constants = Json.map();
        for (Field field : MessageSysFlag.class.getFields()) {
            if (Modifier.isStatic(field.getModifiers())) {
                constants.put(field.getName(), field.getInt(null));
            }
        }
        List<Object> cases = IntStream.of(0, 1, 2, 4, 8, 12, 13, 0x30, 0xC0, 0x101, 0x201, 0x301, 0x309, 0x33D).mapToObj(flag -> (Object) Json.line(
            "flag", flag, "transactionValue", MessageSysFlag.getTransactionValue(flag), "resetToCommit", MessageSysFlag.resetTransactionValue(flag, 8),
            "clearCompressed", MessageSysFlag.clearCompressedFlag(flag), "compressionType", MessageSysFlag.getCompressionType(flag).name())).collect(Collectors.toList());
        return Json.map("constants", constants, "cases", cases);
    }

    private static Object crcs() {
        byte[] all = new byte[256];
        IntStream.range(0, 256).forEach(i -> all[i] = (byte) i);
        return Stream.of(new byte[0], new byte[1], "a".getBytes(), "hello".getBytes(), "Hello RocketMQ".getBytes(), "中文消息体😀".getBytes(StandardCharsets.UTF_8), all, LONG.getBytes())
            .map(body -> {
                CRC32 raw = new CRC32();
                raw.update(body);
                return Json.line("bodyHex", hex(body), "crc32", UtilAll.crc32(body), "unmasked", raw.getValue());
            }).collect(Collectors.toList());
    }

    private static Object subscriptions() {
        return Stream.of("*", null, "", "a", "a||b", " a || b ", "||", "||||", "a||", "||a", "a|| ||b", "a||a", " ", " * ", "* || a", "a|b", "a|||b", "标签||😀", "|| ||").map(expression -> {
            try {
                SubscriptionData data = FilterAPI.buildSubscriptionData("TopicA", expression);
                return Json.line("expression", expression, "subString", data.getSubString(), "tagsSet", new TreeSet<>(data.getTagsSet()),
                    "codeSet", new TreeSet<>(data.getCodeSet()), "expressionType", data.getExpressionType());
            } catch (Exception e) {
                return Json.line("expression", expression, "exception", e.getMessage());
            }
        }).collect(Collectors.toList());
    }

    private static Object delayLevels(String scratch) {
        return Stream.of(new MessageStoreConfig().getMessageDelayLevel(), "1s", "1s 2m 3h 4d", "0s 10s", "100s 1s", "-5s 1s", "+5s", "1s 5x 10s", "1s  5s", " 1s", "1s ", "", "1000", "1S", "s", "1.5s").map(text -> {
            MessageStoreConfig store = new MessageStoreConfig();
            store.setStorePathRootDir(scratch + "/delay");
            store.setMessageDelayLevel(text);
            ScheduleMessageService service = new ScheduleMessageService(
                new BrokerController(new BrokerConfig(), new NettyServerConfig(), new NettyClientConfig(), store));
            boolean ok = service.parseDelayLevel();
            Map<String, Object> probes = Json.map();
            IntStream.of(0, 1, 3, 19).forEach(level -> probes.put("" + level, service.computeDeliverTimestamp(level, 0)));
            return Json.line("messageDelayLevel", text, "ok", ok, "maxDelayLevel", service.getMaxDelayLevel(), "deliverAtForStoreTime0", probes, "table", delayTable(service));
        }).collect(Collectors.toList());
    }

    private static Object delayTable(ScheduleMessageService service) {
        try {
            Field table = ScheduleMessageService.class.getDeclaredField("delayLevelTable");
            table.setAccessible(true);
            return new TreeMap<>((Map<?, ?>) table.get(service));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Stream<String> names() {
        return Stream.of(null, "", " ", "\t\n", "TopicA", "topic_a-1|%", "%RETRY%group-a", "a b", "a.b", "a/b", "主题", "a😀", "TopicA ", "a#b", "a@b", "a$b", "[]",
            "x".repeat(127), "x".repeat(128), "x".repeat(255), "x".repeat(256), "中".repeat(128), "TBW102", "SCHEDULE_TOPIC_XXXX", "rmq_sys_x");
    }

    private static Object brokerTopicChecks() {
        return names().map(name -> {
            TopicValidator.ValidateTopicResult result = TopicValidator.validateTopic(name);
            return Json.line("name", name, "valid", result.isValid(), "remark", result.getRemark(),
                "system", name != null && TopicValidator.isSystemTopic(name), "notAllowedSend", TopicValidator.isNotAllowedSendTopic(name));
        }).collect(Collectors.toList());
    }

    private interface Check {
        void of(String name) throws MQClientException;
    }

    private static Object clientChecks(Check check) {
        return names().map(name -> {
            try {
                check.of(name);
                return Json.line("name", name, "ok", true);
            } catch (MQClientException e) {
                return Json.line("name", name, "ok", false, "responseCode", e.getResponseCode(), "errorMessage", e.getErrorMessage());
            }
        }).collect(Collectors.toList());
    }

    private static Object clientMessageIds() throws Exception {
        String[] ids = {MessageClientIDSetter.createUniqID(), MessageClientIDSetter.createUniqID(), "7F0000010FA018B4AAC20000000003E8",
            "20010DB8000000000000FF00004283290FA018B4AAC2000F42400001"};
        Thread.sleep(5); // an id decoded within its own millisecond is dated a month back
        List<Object> cases = Arrays.stream(ids).map(id -> Json.line("id", id, "ip", MessageClientIDSetter.getIPStrFromID(id),
            "pid", MessageClientIDSetter.getPidFromID(id), "nearlyTime", MessageClientIDSetter.getNearlyTimeFromID(id).getTime())).collect(Collectors.toList());
        return Json.map("timeZone", TimeZone.getDefault().getID(), "now", System.currentTimeMillis(), "ids", cases);
    }

    private static String hex(byte[] bytes) {
        return UtilAll.bytes2string(bytes).toLowerCase();
    }
}
