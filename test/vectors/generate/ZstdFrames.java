import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/** zstd.json: frames of every kind that zstd-jni, the library of Apache's compressor, makes. Arguments: OUT-FILE. */
public final class ZstdFrames {
    private static final String[] CUSTOMERS = "Anders Berg Conti Duval Engel Fischer Garcia Hansen Ivanov Jansen Keller Lopez Meyer Novak Olsen Peters".split(" ");
    private static final String[] STATES = "created paid packed sent delivered returned".split(" ");
    private static final byte[] SKIPPABLE = {0x53, 0x2a, 0x4d, 0x18, 5, 0, 0, 0, 1, 2, 3, 4, 5};

    private static final List<Object> VECTORS = new ArrayList<>();

    public static void main(String[] args) throws Exception {
        for (int level : new int[] {-5, 1, 3, 19}) {
            add("stream", level, "text", 1000, stream(text(1000), level, 0));
            add("stream", level, "text", 20_000, stream(text(20_000), level, 0));
            int size = level < 0 ? 60_000 : 300_000;
            add("one segment", level, "text", size, whole(text(size), level, true, false));
        }
        small();
        large();
        several();
        Json.write(Path.of(args[0]), VECTORS);
    }

    private static void small() throws Exception {
        add("one segment", 3, "text", 0, whole(text(0), 3, true, false));
        add("one segment", 3, "text", 1, whole(text(1), 3, true, false));
        add("checksum, no size", 3, "text", 1, whole(text(1), 3, false, true));
        add("one segment, checksum", 3, "text", 300, whole(text(300), 3, true, true));
        add("one segment, checksum", 3, "random", 1000, whole(random(1000), 3, true, true));
        add("stream", 3, "codes", 200, stream(codes(200), 3, 0));
        add("stream", 3, "codes", 5000, stream(codes(5000), 3, 0));
    }

    private static void large() throws Exception {
        add("stream", 3, "zeros", 1_000_000, stream(new byte[1_000_000], 3, 0));
        add("stream", 3, "text", 1_100_000, stream(text(1_100_000), 3, 0));
        add("with size, checksum", 1, "text", 600_000, whole(text(600_000), 1, true, true));
        add("stream, flushed", 3, "text", 20_001, stream(text(20_001), 3, 700));
        add("stream, flushed", 19, "text", 50_000, stream(text(50_000), 19, 5000));
        add("stream, flushed", 1, "codes", 9000, stream(codes(9000), 1, 3000));
        add("stream, flushed", 19, "pieces", 6000, stream(pieces(6000), 19, 2000));
        add("stream", 3, "mixed", 200_000, stream(mixed(200_000), 3, 0));
        add("stream, flushed", 1, "mixed", 100_000, stream(mixed(100_000), 1, 3000));
    }

    private static void several() throws Exception {
        byte[] text = text(6000);
        byte[] first = whole(Arrays.copyOf(text, 2500), 3, true, true);
        byte[] second = stream(Arrays.copyOfRange(text, 2500, 6000), 3, 0);
        add("two frames", 3, "text", 6000, joined(first, second));
        add("skippable frames", 3, "text", 6000, joined(SKIPPABLE, first, SKIPPABLE, second, SKIPPABLE));
    }

    private static void add(String how, int level, String kind, int size, byte[] frames) {
        VECTORS.add(Json.line("how", how, "level", level, "kind", kind, "size", size, "base64", Base64.getEncoder().encodeToString(frames)));
    }

    /** As ZstdCompressor of RocketMQ does it; flushed behind each `part` bytes. */
    private static byte[] stream(byte[] body, int level, int part) throws Exception {
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        try (ZstdOutputStream out = new ZstdOutputStream(frame, level)) {
            int step = part == 0 ? body.length : part;
            for (int at = 0; at < body.length; at += step) {
                out.write(body, at, Math.min(step, body.length - at));
                out.flush();
            }
        }
        return frame.toByteArray();
    }

    private static byte[] whole(byte[] body, int level, boolean contentSize, boolean checksum) {
        try (ZstdCompressCtx context = new ZstdCompressCtx()) {
            return context.setLevel(level).setContentSize(contentSize).setChecksum(checksum).compress(body);
        }
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    // The same bodies are made by test/support/zstd-vectors.ts.

    /** Most lines are one of the first fifty again, or the vectors would be large. */
    private static byte[] text(int size) {
        Numbers numbers = new Numbers();
        List<String> lines = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        while (text.length() < size) {
            boolean again = lines.size() >= 50 && numbers.below(16) > 0;
            lines.add(again ? lines.get(numbers.below(50)) : line(numbers));
            text.append(lines.get(lines.size() - 1));
        }
        return text.substring(0, size).getBytes(StandardCharsets.US_ASCII);
    }

    private static String line(Numbers numbers) {
        StringBuilder line = new StringBuilder("{\"order\":").append(numbers.below(10_000)).append(",\"customer\":\"").append(CUSTOMERS[numbers.below(16)])
            .append("\",\"state\":\"").append(STATES[numbers.below(6)]).append("\",\"currency\":\"EUR\",\"express\":false,\"parts\":[");
        for (int parts = numbers.below(5); parts > 0; parts--) {
            line.append("{\"article\":\"A-").append(numbers.below(50)).append("\",\"count\":1},");
        }
        return line.append("]},\n").toString();
    }

    private static byte[] random(int size) {
        Numbers numbers = new Numbers();
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) numbers.below(256);
        }
        return bytes;
    }

    /** Hardly anything repeats, but few codes are in it, the low ones more often. */
    private static byte[] codes(int size) {
        byte[] bytes = random(size);
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) ((bytes[i] & 15) * (bytes[i] >> 4 & 15) * 12 / 256);
        }
        return bytes;
    }

    /** 2000 random bytes, then pieces of nine of them behind a `z` each: first in their order, from 4000 on in any. */
    private static byte[] pieces(int size) {
        byte[] bytes = random(size);
        Numbers numbers = new Numbers();
        int from = 0;
        for (int i = 2000; i < size; i++) {
            boolean separates = i % 10 == 0;
            from = i < 4000 ? i - 2000 : separates ? numbers.below(1900) : from + 1;
            bytes[i] = separates ? (byte) 'z' : bytes[from];
        }
        return bytes;
    }

    /** Thousands of one byte, of text, and of random bytes, by turns. */
    private static byte[] mixed(int size) {
        byte[] text = text(size);
        byte[] random = random(size);
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            int turn = i / 1000 % 40;
            bytes[i] = turn == 0 ? random[i] : turn < 4 ? text[i] : (byte) (turn / 10);
        }
        return bytes;
    }

    private static final class Numbers {
        private int state = 42;

        int below(int end) {
            state = state * 1103515245 + 12345 & 0x7fffffff;
            return (state >>> 15) % end;
        }
    }
}
