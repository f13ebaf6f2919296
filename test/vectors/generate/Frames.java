import java.lang.reflect.Field;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.MessageSelector;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.impl.MQClientAPIImpl;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageDecoder;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.protocol.RemotingCommand;
import org.apache.rocketmq.remoting.protocol.RemotingSerializable;
import org.apache.rocketmq.remoting.protocol.RequestCode;
import org.apache.rocketmq.remoting.protocol.body.ClusterInfo;
import org.apache.rocketmq.remoting.protocol.body.LockBatchRequestBody;
import org.apache.rocketmq.remoting.protocol.body.LockBatchResponseBody;
import org.apache.rocketmq.remoting.protocol.body.UnlockBatchRequestBody;
import org.apache.rocketmq.remoting.protocol.header.GetConsumerListByGroupResponseBody;
import org.apache.rocketmq.remoting.protocol.header.namesrv.GetRouteInfoRequestHeader;
import org.apache.rocketmq.remoting.protocol.heartbeat.HeartbeatData;
import org.apache.rocketmq.remoting.protocol.heartbeat.MessageModel;
import org.apache.rocketmq.remoting.protocol.route.TopicRouteData;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;
import org.apache.rocketmq.tools.command.MQAdminStartup;

/**
 * Frames of Apache's clients and servers, with what Java reads in them. Arguments: OUT. Servers at 19876 and 20911, in
 * the serialize type of this process; the recorders take 19877 and 21911.
 */
public final class Frames {
    private static final String NAME_SERVER = "127.0.0.1:19877";
    private static final String BROKER = "127.0.0.1:21911";
    private static final String TOPIC = "FrameTopic";
    /** Exchanges of one kind that are kept. */
    private static final int MAX_OF_A_KIND = 1;

    private static final Map<Integer, Class<? extends RemotingSerializable>> REQUEST_BODIES = Map.of(
        RequestCode.HEART_BEAT, HeartbeatData.class,
        RequestCode.LOCK_BATCH_MQ, LockBatchRequestBody.class,
        RequestCode.UNLOCK_BATCH_MQ, UnlockBatchRequestBody.class);
    private static final Map<Integer, Class<? extends RemotingSerializable>> RESPONSE_BODIES = Map.of(
        RequestCode.LOCK_BATCH_MQ, LockBatchResponseBody.class,
        RequestCode.GET_CONSUMER_LIST_BY_GROUP, GetConsumerListByGroupResponseBody.class,
        RequestCode.GET_ROUTEINFO_BY_TOPIC, TopicRouteData.class,
        RequestCode.GET_BROKER_CLUSTER_INFO, ClusterInfo.class);
    private static final List<Integer> CODES = List.of(10, 11, 12, 14, 15, 29, 30, 31, 32, 33, 34, 35, 36, 38, 40, 41, 42, 105, 106, 310, 320, 361);

    public static void main(String[] args) throws Exception {
        Map<String, String> addresses = Map.of("127.0.0.1:20911", BROKER);
        FrameRecorder nameServer = new FrameRecorder("namesrv", 19877, 19876, addresses);
        FrameRecorder broker = new FrameRecorder("broker", 21911, 20911, addresses);
        DefaultMQProducer producer = new DefaultMQProducer("frame-producer");
        producer.setNamesrvAddr(NAME_SERVER);
        producer.start();
        StoreTraffic.awaitRoute(producer);
        SendResult sent = send(producer);
        consume(producer);
        admin(sent);
        oldClient();
        producer.shutdown();
        Thread.sleep(1000);
        List<FrameRecorder.Exchange> all = new ArrayList<>(nameServer.exchanges());
        all.addAll(broker.exchanges());
        Json.write(Path.of(args[0]), describe(all));
    }

    private static SendResult send(DefaultMQProducer producer) throws Exception {
        Message message = new Message(TOPIC, "TagA", "key-1 key-2", "body".getBytes());
        message.putUserProperty("städte", "北京 \"q\" \\ \t 😀");
        SendResult sent = producer.send(message);
        List<Message> batch = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Message item = new Message(TOPIC, "TagB", "batch-" + i, ("item " + i).getBytes());
            item.setFlag(i - 1);
            batch.add(item);
        }
        producer.send(batch);
        producer.sendOneway(new Message(TOPIC, "TagC", "oneway".getBytes()));
        attempt(() -> producer.send(new Message("SCHEDULE_TOPIC_XXXX", "forbidden".getBytes())));
        setSmartMessages(false);
        producer.send(new Message(TOPIC, "TagA", "key-v1", "version 1".getBytes()));
        producer.send(batch);
        setSmartMessages(true);
        return sent;
    }

    /** Version 1 of the send request is sent by clients that were told so. */
    private static void setSmartMessages(boolean smart) throws Exception {
        Field field = MQClientAPIImpl.class.getDeclaredField("sendSmartMsg");
        field.setAccessible(true);
        field.setBoolean(null, smart);
    }

    private static void consume(DefaultMQProducer producer) throws Exception {
        DefaultMQPushConsumer concurrent = pushConsumer("frame-group");
        concurrent.setMaxReconsumeTimes(3);
        concurrent.subscribe(TOPIC, "TagA || TagB");
        concurrent.registerMessageListener((MessageListenerConcurrently) (messages, context) ->
            messages.get(0).getReconsumeTimes() == 0 && "TagA".equals(messages.get(0).getTags())
                ? ConsumeConcurrentlyStatus.RECONSUME_LATER : ConsumeConcurrentlyStatus.CONSUME_SUCCESS);
        concurrent.start();
        DefaultMQPushConsumer orderly = pushConsumer("frame-group-orderly");
        orderly.subscribe(TOPIC, MessageSelector.bySql("a > 5 OR a IS NULL"));
        orderly.registerMessageListener((MessageListenerOrderly) (messages, context) -> ConsumeOrderlyStatus.SUCCESS);
        orderly.start();
        DefaultMQPushConsumer broadcast = pushConsumer("frame-group-broadcast");
        broadcast.setMessageModel(MessageModel.BROADCASTING);
        broadcast.subscribe(TOPIC, "*");
        broadcast.registerMessageListener((MessageListenerConcurrently) (messages, context) -> ConsumeConcurrentlyStatus.CONSUME_SUCCESS);
        broadcast.start();
        DefaultLitePullConsumer lite = new DefaultLitePullConsumer("frame-group-lite");
        lite.setNamesrvAddr(NAME_SERVER);
        lite.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        lite.subscribe(TOPIC, "*");
        lite.start();
        lite.poll(5000);
        lite.commitSync();
        pull(producer);
        Thread.sleep(25_000); // commits, held pulls that run out
        // a second member: the first is told
        DefaultMQPushConsumer second = pushConsumer("frame-group");
        second.subscribe(TOPIC, "TagA || TagB");
        second.registerMessageListener((MessageListenerConcurrently) (messages, context) -> ConsumeConcurrentlyStatus.CONSUME_SUCCESS);
        second.start();
        Thread.sleep(3000);
        second.shutdown();
        lite.shutdown();
        orderly.shutdown();
        broadcast.shutdown();
        concurrent.shutdown();
    }

    private static DefaultMQPushConsumer pushConsumer(String group) {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(NAME_SERVER);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        return consumer;
    }

    @SuppressWarnings("deprecation")
    private static void pull(DefaultMQProducer producer) throws Exception {
        DefaultMQPullConsumer consumer = new DefaultMQPullConsumer("frame-group-pull");
        consumer.setNamesrvAddr(NAME_SERVER);
        consumer.setInstanceName("pull");
        consumer.start();
        MessageQueue queue = producer.fetchPublishMessageQueues(TOPIC).get(0);
        consumer.pull(queue, "*", consumer.maxOffset(queue), 1);
        consumer.pull(queue, "*", 1_000_000, 1);
        consumer.pull(queue, "TagNobodyHas", 0, 1);
        attempt(() -> consumer.pull(new MessageQueue(TOPIC, "broker-a", 99), "*", 0, 1));
        consumer.fetchConsumeOffset(queue, true);
        consumer.updateConsumeOffset(queue, 1);
        consumer.shutdown();
    }

    private static void admin(SendResult sent) throws Exception {
        DefaultMQAdminExt admin = new DefaultMQAdminExt();
        admin.setNamesrvAddr(NAME_SERVER);
        admin.setInstanceName("admin");
        admin.start();
        MQClientAPIImpl api = admin.getDefaultMQAdminExtImpl().getMqClientInstance().getMQClientAPIImpl();
        MessageQueue queue = sent.getMessageQueue();
        admin.examineBrokerClusterInfo();
        admin.queryMessage(TOPIC, "key-1", 32, 0, Long.MAX_VALUE);
        admin.viewMessage(TOPIC, sent.getMsgId());
        attempt(() -> admin.queryMessage(TOPIC, "no-such-key", 32, 0, Long.MAX_VALUE));
        admin.searchOffset(queue, System.currentTimeMillis());
        admin.searchUpperBoundaryOffset(queue, 0);
        admin.maxOffset(queue);
        admin.minOffset(queue);
        admin.earliestMsgStoreTime(queue);
        long offset = MessageDecoder.decodeMessageId(sent.getOffsetMsgId()).getOffset();
        api.viewMessage(BROKER, TOPIC, offset, 3000);
        attempt(() -> api.viewMessage(BROKER, TOPIC, offset + 1, 3000));
        attempt(() -> admin.examineTopicRouteInfo("no-such-topic"));
        attempt(() -> api.getConsumerIdListByGroup(BROKER, "no-such-group", 3000));
        api.unregisterClient(BROKER, "no-such-client", null, "no-such-group", 3000);
        admin.shutdown();
        MQAdminStartup.main0(new String[] {"clusterList", "-n", NAME_SERVER}, null);
        MQAdminStartup.main0(new String[] {"topicRoute", "-n", NAME_SERVER, "-t", TOPIC}, null);
        MQAdminStartup.main0(new String[] {"queryMsgByKey", "-n", NAME_SERVER, "-t", TOPIC, "-k", "key-2"}, null);
    }

    /** Clients below 4.9.4 get the route with bare numbers as keys. */
    private static void oldClient() throws Exception {
        GetRouteInfoRequestHeader header = new GetRouteInfoRequestHeader();
        header.setTopic(TOPIC);
        RemotingCommand request = RemotingCommand.createRequestCommand(RequestCode.GET_ROUTEINFO_BY_TOPIC, header);
        request.setVersion(317);
        try (Socket socket = new Socket("127.0.0.1", 19877)) {
            ByteBuffer frame = request.encode();
            socket.getOutputStream().write(frame.array(), frame.arrayOffset(), frame.limit());
            Thread.sleep(1000);
        }
    }

    private interface Action {
        void run() throws Exception;
    }

    private static void attempt(Action action) {
        try {
            action.run();
        } catch (Exception expected) {
            System.out.println(expected);
        }
    }

    private static List<Object> describe(List<FrameRecorder.Exchange> exchanges) throws Exception {
        Map<String, Integer> counts = new HashMap<>();
        List<Object> described = new ArrayList<>();
        for (FrameRecorder.Exchange exchange : exchanges) {
            RemotingCommand request = FrameRecorder.decode(exchange.request);
            RemotingCommand response = exchange.response == null ? null : FrameRecorder.decode(exchange.response);
            boolean answered = response != null || request.isOnewayRPC();
            if (!CODES.contains(request.getCode()) || !answered || counts.merge(kind(request, response), 1, Integer::sum) > MAX_OF_A_KIND) {
                continue;
            }
            LinkedHashMap<String, Object> vector = Json.map("from", exchange.from);
            vector.put("request", frame(exchange.request, request, body(request, request.getCode(), REQUEST_BODIES)));
            vector.put("response", response == null ? null
                : frame(exchange.response, response, body(response, request.getCode(), RESPONSE_BODIES)));
            described.add(vector);
        }
        return described;
    }

    /** Requests with the same fields and answers with the same code are of one kind. */
    private static String kind(RemotingCommand request, RemotingCommand response) {
        String consumers = request.getCode() == RequestCode.HEART_BEAT
            ? HeartbeatData.decode(request.getBody(), HeartbeatData.class).getConsumerDataSet().stream()
                .map(data -> data.getGroupName()).collect(Collectors.joining(","))
            : "";
        TreeMap<String, String> fields = new TreeMap<>(request.getExtFields() == null ? Map.of() : request.getExtFields());
        fields.remove("ReqT"); // some clients mark every request
        return request.getCode() + " " + request.getFlag() + " " + (request.getVersion() < 401) + consumers + fields.keySet()
            + (response == null ? "" : response.getCode());
    }

    private static Object body(RemotingCommand command, int code, Map<Integer, Class<? extends RemotingSerializable>> types)
        throws Exception {
        if (command.getBody() == null) {
            return null;
        }
        if (code == RequestCode.SEND_BATCH_MESSAGE && !command.isResponseType()) {
            return MessageDecoder.decodeMessages(ByteBuffer.wrap(command.getBody())).stream()
                .map(item -> Json.line("flag", item.getFlag(), "body", new String(item.getBody()), "properties", item.getProperties()))
                .collect(Collectors.toList());
        }
        Class<? extends RemotingSerializable> type = types.get(code);
        return type == null ? null : RemotingSerializable.decode(command.getBody(), type);
    }

    private static Object frame(byte[] bytes, RemotingCommand command, Object body) {
        LinkedHashMap<String, Object> frame = Json.map(
            "code", command.getCode(),
            "language", String.valueOf(command.getLanguage()),
            "version", command.getVersion(),
            "opaque", command.getOpaque(),
            "flag", command.getFlag(),
            "remark", command.getRemark(),
            "serializeType", command.getSerializeTypeCurrentRPC().name(),
            "extFields", command.getExtFields() == null ? null : line(new TreeMap<>(command.getExtFields())),
            "bodyLength", command.getBody() == null ? 0 : command.getBody().length);
        if (body != null) {
            frame.put("body", line(com.google.gson.JsonParser.parseString(new com.google.gson.Gson().toJson(body))));
        }
        frame.put("hex", hex(bytes));
        return frame;
    }

    private static Object line(Object value) {
        if (!(value instanceof Map)) {
            return value;
        }
        Json.Line line = new Json.Line();
        ((Map<?, ?>) value).forEach((key, item) -> line.put((String) key, item));
        return line;
    }

    private static String hex(byte[] bytes) {
        StringBuilder hex = new StringBuilder(2 * bytes.length);
        for (byte b : bytes) {
            hex.append(String.format("%02x", b));
        }
        return hex.toString();
    }
}
