import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.rocketmq.filter.FilterFactory;
import org.apache.rocketmq.filter.expression.EvaluationContext;
import org.apache.rocketmq.filter.expression.Expression;
import org.apache.rocketmq.filter.expression.MQFilterException;

/**
 * Evaluates SQL92 expressions as Apache's broker does. Lines of the file: an expression and the properties of messages, all in
 * base64, with blanks between expression and messages, and ":" between names and values. Prints for each line "refused", or for
 * each message true, false, null, or what kind of error there was.
 */
public class Evaluator {
    public static void main(String[] arguments) throws Exception {
        for (String line : Files.readAllLines(Path.of(arguments[0]))) System.out.println(evaluate(line.split(" ", -1)));
    }

    private static String evaluate(String[] parts) {
        Expression expression;
        try {
            expression = FilterFactory.INSTANCE.get("SQL92").compile(decode(parts[0]));
        } catch (MQFilterException error) {
            return "refused";
        }
        List<String> answers = new ArrayList<>();
        for (int i = 1; i < parts.length; i++) {
            try {
                answers.add(String.valueOf(expression.evaluate(new Properties(parts[i]))));
            } catch (Exception error) {
                answers.add("error");
            }
        }
        return String.join(" ", answers);
    }

    private static String decode(String text) {
        return new String(Base64.getDecoder().decode(text), StandardCharsets.UTF_8);
    }

    private static class Properties implements EvaluationContext {
        private final Map<String, Object> values = new HashMap<>();

        Properties(String text) {
            String[] fields = text.split(":");
            for (int i = 0; i + 1 < fields.length; i += 2) values.put(decode(fields[i]), decode(fields[i + 1]));
        }

        @Override
        public Object get(String name) {
            return values.get(name);
        }

        @Override
        public Map<String, Object> keyValues() {
            return values;
        }
    }
}
