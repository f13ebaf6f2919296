import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Ordered JSON: containers are indented, a {@link Line} (and anything short) stays on one line. */
final class Json {
    private static final int SHORT = 120;
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().serializeNulls().create();

    static final class Line extends LinkedHashMap<String, Object> { }

    static LinkedHashMap<String, Object> map(Object... pairs) {
        return fill(new LinkedHashMap<>(), pairs);
    }

    static Line line(Object... pairs) {
        return fill(new Line(), pairs);
    }

    static void write(Path file, Object value) throws Exception {
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.write(file, (escapeLoneSurrogates(text(value, "")) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    static Object read(Path file) throws Exception {
        return com.alibaba.fastjson.JSON.parse(new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
    }

    private static <M extends Map<String, Object>> M fill(M map, Object... pairs) {
        for (int i = 0; i < pairs.length; i += 2) {
            map.put((String) pairs[i], pairs[i + 1]);
        }
        return map;
    }

    private static String text(Object value, String indent) {
        boolean container = value instanceof Map || value instanceof List || value instanceof Object[];
        String compact = GSON.toJson(value);
        if (!container || value instanceof Line || compact.length() <= SHORT) {
            return compact;
        }
        String inner = indent + "  ";
        if (value instanceof Map) {
            return ((Map<?, ?>) value).entrySet().stream()
                .map(entry -> inner + GSON.toJson(String.valueOf(entry.getKey())) + ": " + text(entry.getValue(), inner))
                .collect(Collectors.joining(",\n", "{\n", "\n" + indent + "}"));
        }
        List<?> items = value instanceof List ? (List<?>) value : Arrays.asList((Object[]) value);
        return items.stream().map(item -> inner + text(item, inner)).collect(Collectors.joining(",\n", "[\n", "\n" + indent + "]"));
    }

    /** UTF-8 cannot hold half a surrogate pair, a JSON escape can. */
    private static String escapeLoneSurrogates(String text) {
        StringBuilder out = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                out.append(c).append(text.charAt(++i));
            } else if (Character.isSurrogate(c)) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }
}
