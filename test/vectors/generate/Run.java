import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;

/** Runs a program of this directory and ends the process with it, whatever threads the store or the client leave. */
public final class Run {
    public static void main(String[] args) throws Exception {
        try {
            Class.forName(args[0]).getMethod("main", String[].class).invoke(null, (Object) Arrays.copyOfRange(args, 1, args.length));
            System.exit(0);
        } catch (InvocationTargetException e) {
            e.getCause().printStackTrace();
            System.exit(1);
        }
    }
}
