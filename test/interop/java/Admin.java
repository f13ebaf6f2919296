import java.util.Scanner;
import org.apache.rocketmq.tools.command.MQAdminStartup;

/** Runs mqadmin for every line of the input, whose arguments have tabs between them, and says when it has ended. */
public class Admin extends MQAdminStartup {
    public static void main(String[] arguments) {
        Scanner input = new Scanner(System.in, "UTF-8");
        System.setErr(System.out);
        while (input.hasNextLine()) {
            // Some commands keep a client that has ended.
            SUB_COMMANDS.clear();
            MQAdminStartup.main0(input.nextLine().split("\t"), null);
            System.out.println("\n" + arguments[0]);
            System.out.flush();
        }
        System.exit(0);
    }
}
