import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.apache.rocketmq.common.compression.CompressionType;
import org.apache.rocketmq.common.compression.CompressorFactory;

/** compression.json: bodies as Apache's compressors compress them. Arguments: OUT-FILE. */
public final class Compression {
    public static void main(String[] args) throws Exception {
        Map<String, Object> vectors = new LinkedHashMap<>();
        vectors.put("bodies", bodies());
        for (CompressionType type : CompressionType.values()) {
            Map<String, Object> byBody = new LinkedHashMap<>();
            for (Map.Entry<String, byte[]> body : contents().entrySet()) {
                byBody.put(body.getKey(), hex(CompressorFactory.getCompressor(type).compress(body.getValue(), 5)));
            }
            vectors.put(type.name(), Map.of("compressionFlag", type.getCompressionFlag(), "compressed", byBody));
        }
        Json.write(Path.of(args[0]), vectors);
    }

    private static Map<String, byte[]> contents() {
        Map<String, byte[]> contents = new LinkedHashMap<>();
        contents.put("short", "hello".getBytes(StandardCharsets.UTF_8));
        contents.put("text", "{\"order\":4711,\"text\":\"Gr\u00fc\u00dfe \u4f60\u597d\"},".repeat(200).getBytes(StandardCharsets.UTF_8));
        contents.put("random", random(5000));
        contents.put("zeros", new byte[300_000]);
        return contents;
    }

    /** What java.util.Random gives for this seed. */
    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(42).nextBytes(bytes);
        return bytes;
    }

    private static Map<String, String> bodies() {
        Map<String, String> bodies = new LinkedHashMap<>();
        contents().forEach((name, body) -> bodies.put(name, name.equals("zeros") ? "300000 zeros" : hex(body)));
        return bodies;
    }

    private static String hex(byte[] bytes) {
        StringBuilder hex = new StringBuilder();
        for (byte b : bytes) {
            hex.append(String.format("%02x", b));
        }
        return hex.toString();
    }
}
