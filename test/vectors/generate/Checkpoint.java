import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;

/** checkpoint.json: a store's checkpoint file as text. Arguments: CHECKPOINT-FILE OUT-FILE. */
public final class Checkpoint {
    public static void main(String[] args) throws Exception {
        byte[] bytes = Files.readAllBytes(Path.of(args[0]));
        int shown = 64;
        Map<String, Object> checkpoint = Json.map("length", bytes.length, "hex", Stored.hex(Arrays.copyOf(bytes, shown)),
            "restIsZero", IntStream.range(shown, bytes.length).allMatch(i -> bytes[i] == 0));
        checkpoint.put("fieldsFromOffset0EachInt64", Stored.checkpoint(bytes));
        Json.write(Path.of(args[1]), checkpoint);
    }
}
