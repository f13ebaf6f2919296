import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.rocketmq.common.message.MessageClientExt;
import org.apache.rocketmq.common.message.MessageDecoder;
import org.apache.rocketmq.store.CommitLog;

/** Reads commitlog files without opening the store, and describes records as Apache's decoder sees them. */
final class Stored {
    static final class Entry {
        long offset;
        byte[] bytes;
        boolean blank;
        MessageClientExt message;
    }

    /** All records and end-of-file blanks; of a blank the first 16 bytes (or less) are kept. */
    static List<Entry> commitLog(Path store) throws Exception {
        List<Entry> entries = new ArrayList<>();
        for (Path file : files(store.resolve("commitlog"))) {
            ByteBuffer buffer = ByteBuffer.wrap(Files.readAllBytes(file));
            long base = Long.parseLong(file.getFileName().toString());
            for (int at = 0; at + 8 <= buffer.capacity() && buffer.getInt(at) > 0; at += buffer.getInt(at)) {
                Entry entry = new Entry();
                entry.offset = base + at;
                entry.blank = buffer.getInt(at + 4) == CommitLog.BLANK_MAGIC_CODE;
                entry.bytes = new byte[entry.blank ? Math.min(16, buffer.getInt(at)) : buffer.getInt(at)];
                buffer.position(at);
                buffer.get(entry.bytes);
                entry.message = entry.blank ? null : decode(ByteBuffer.wrap(entry.bytes));
                entries.add(entry);
            }
        }
        return entries;
    }

    static List<Path> files(Path directory) throws Exception {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile).sorted().collect(Collectors.toList());
        }
    }

    static MessageClientExt decode(ByteBuffer record) {
        return (MessageClientExt) MessageDecoder.decode(record, true, false, true);
    }

    static Json.Line describe(MessageClientExt m) throws Exception {
        byte[] body = body(m);
        return Json.line("topic", m.getTopic(), "queueId", m.getQueueId(), "queueOffset", m.getQueueOffset(), "commitLogOffset", m.getCommitLogOffset(),
            "storeSize", m.getStoreSize(), "sysFlag", m.getSysFlag(), "flag", m.getFlag(), "bodyCRC", m.getBodyCRC(), "bodySha1", sha1(body),
            "bodyLength", body.length, "bornTimestamp", m.getBornTimestamp(), "storeTimestamp", m.getStoreTimestamp(), "bornHost", host(m.getBornHost()),
            "storeHost", host(m.getStoreHost()), "reconsumeTimes", m.getReconsumeTimes(), "preparedTransactionOffset", m.getPreparedTransactionOffset(),
            "msgId", m.getMsgId(), "offsetMsgId", m.getOffsetMsgId(), "properties", new TreeMap<>(m.getProperties() == null ? Map.of() : m.getProperties()));
    }

    static byte[] body(MessageClientExt message) {
        return message.getBody() == null ? new byte[0] : message.getBody();
    }

    static Map<String, Object> checkpoint(byte[] bytes) {
        String[] fields = {"physicMsgTimestamp", "logicsMsgTimestamp", "indexMsgTimestamp", "masterFlushedOffset", "confirmPhyOffset"};
        Map<String, Object> values = new LinkedHashMap<>();
        for (int i = 0; i < fields.length; i++) {
            values.put(fields[i], ByteBuffer.wrap(bytes).getLong(8 * i));
        }
        return values;
    }

    static String hex(byte[] bytes) {
        StringBuilder text = new StringBuilder(bytes.length * 2);
        for (byte b : bytes) {
            text.append(String.format("%02x", b));
        }
        return text.toString();
    }

    private static String sha1(byte[] bytes) throws Exception {
        return hex(MessageDigest.getInstance("SHA-1").digest(bytes));
    }

    private static String host(SocketAddress address) {
        InetAddress ip = ((InetSocketAddress) address).getAddress();
        return (ip.getAddress().length == 4 ? ip.getHostAddress() : "[" + ip.getHostAddress() + "]") + ":" + ((InetSocketAddress) address).getPort();
    }
}
