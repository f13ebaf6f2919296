import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.rocketmq.client.consumer.AllocateMessageQueueStrategy;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueByMachineRoom;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueConsistentHash;
import org.apache.rocketmq.common.message.MessageQueue;

/** allocations.json: how the strategies that look at names divide queues. Arguments: OUT-FILE. */
public final class Allocations {
    public static void main(String[] args) throws Exception {
        List<Object> hash = new ArrayList<>();
        for (int virtualNodes : new int[] {1, 10, 100}) {
            for (int queues : new int[] {1, 8, 33}) {
                for (int consumers : new int[] {1, 2, 5}) {
                    AllocateMessageQueueStrategy strategy = new AllocateMessageQueueConsistentHash(virtualNodes);
                    hash.add(Json.line("virtualNodeCnt", virtualNodes, "name", strategy.getName(), "queues", queues, "consumers",
                        consumers, "shares", shares(strategy, queues(queues, "broker-a", "主"), consumers)));
                }
            }
        }
        AllocateMessageQueueByMachineRoom room = new AllocateMessageQueueByMachineRoom();
        room.setConsumeridcs(Set.of("north", "west"));
        List<Object> rooms = new ArrayList<>();
        for (int queues : new int[] {1, 3, 7}) {
            for (int consumers : new int[] {1, 2, 4}) {
                rooms.add(Json.line("name", room.getName(), "queues", queues, "consumers", consumers, "shares", shares(room,
                    queues(queues, "north@a", "south@b", "west@c", "north", "north@a@b", "north@", "@a"), consumers)));
            }
        }
        Json.write(Path.of(args[0]), Json.map("hash", hash, "rooms", rooms));
    }

    private static List<MessageQueue> queues(int count, String... brokers) {
        return Stream.of(brokers).flatMap(broker -> IntStream.range(0, count).mapToObj(i -> new MessageQueue("TopicA", broker, i)))
            .sorted().collect(Collectors.toList());
    }

    private static List<List<String>> shares(AllocateMessageQueueStrategy strategy, List<MessageQueue> queues, int consumers) {
        List<String> ids = IntStream.range(0, consumers).mapToObj(i -> "10.0.0." + i + "@" + (7000 + i)).collect(Collectors.toList());
        return ids.stream().map(id -> strategy.allocate("group-a", id, queues, ids).stream()
            .map(queue -> queue.getBrokerName() + " " + queue.getQueueId()).collect(Collectors.toList())).collect(Collectors.toList());
    }
}
