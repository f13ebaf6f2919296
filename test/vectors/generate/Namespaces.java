import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.rocketmq.remoting.protocol.NamespaceUtil;

/** namespaces.json: names of resources with and without a namespace. Arguments: OUT-FILE. */
public final class Namespaces {
    private static final String[] NAMESPACES = {null, "", "ns", "MQ_INST_1"};
    private static final String[] RESOURCES = {
        "", "topic", "ns%topic", "MQ_INST_1%topic", "other%topic", "%topic", "ns", "ns%", "nsx%topic", "ns%ns%topic", "ns%a%b",
        "%RETRY%group", "%RETRY%ns%group", "%RETRY%other%group", "%DLQ%group", "%DLQ%ns%group", "%RETRY%", "%RETRY%%DLQ%group",
        "TBW102", "SCHEDULE_TOPIC_XXXX", "RMQ_SYS_TRACE_TOPIC", "rmq_sys_anything", "ns%TBW102", "CID_RMQ_SYS_group", "BenchmarkTest",
        "DEFAULT_PRODUCER", "TOOLS_CONSUMER",
    };

    public static void main(String[] args) throws Exception {
        List<Object> cases = new ArrayList<>();
        for (String namespace : NAMESPACES) {
            for (String resource : RESOURCES) {
                cases.add(Json.line("namespace", namespace, "resource", resource,
                    "wrapped", NamespaceUtil.wrapNamespace(namespace, resource),
                    "without", NamespaceUtil.withoutNamespace(resource, namespace)));
            }
        }
        Json.write(Path.of(args[0]), cases);
    }
}
