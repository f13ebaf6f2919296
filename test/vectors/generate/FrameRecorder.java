import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.remoting.protocol.RemotingCommand;

/** Stands between clients and a server, and keeps the frames that pass. */
final class FrameRecorder {
    /** A request and its answer, which a oneway request does not have. */
    static final class Exchange {
        String from;
        byte[] request;
        volatile byte[] response;
    }

    private final List<Exchange> exchanges = new ArrayList<>();
    private final String server;
    private final int port;
    private final Map<String, String> addresses;

    /** ADDRESSES: those of servers in frames to the client, and the recorders (of the same length) that stand before them. */
    FrameRecorder(String server, int listenPort, int port, Map<String, String> addresses) throws IOException {
        this.server = server;
        this.port = port;
        this.addresses = addresses;
        ServerSocket listener = new ServerSocket(listenPort, 50, InetAddress.getLoopbackAddress());
        daemon(() -> {
            while (true) {
                accept(listener.accept());
            }
        });
    }

    List<Exchange> exchanges() {
        synchronized (exchanges) {
            return new ArrayList<>(exchanges);
        }
    }

    /** The frame, with its length field, as Java reads it. */
    static RemotingCommand decode(byte[] frame) throws Exception {
        ByteBuffer buffer = ByteBuffer.wrap(frame);
        buffer.position(4);
        return RemotingCommand.decode(buffer.slice());
    }

    private void accept(Socket client) throws IOException {
        Socket connection = new Socket(InetAddress.getLoopbackAddress(), port);
        Map<String, Exchange> open = new ConcurrentHashMap<>();
        pump(client, connection, "client", open);
        pump(connection, client, server, open);
    }

    private void pump(Socket from, Socket to, String name, Map<String, Exchange> open) throws IOException {
        DataInputStream in = new DataInputStream(from.getInputStream());
        DataOutputStream out = new DataOutputStream(to.getOutputStream());
        daemon(() -> {
            try {
                while (true) {
                    byte[] frame = read(in);
                    record(frame, name, open);
                    out.write(redirect(frame));
                    out.flush();
                }
            } catch (IOException e) {
                from.close();
                to.close();
            }
        });
    }

    private static byte[] read(DataInputStream in) throws IOException {
        int length = in.readInt();
        byte[] frame = new byte[4 + length];
        ByteBuffer.wrap(frame).putInt(length);
        in.readFully(frame, 4, length);
        return frame;
    }

    private void record(byte[] frame, String from, Map<String, Exchange> open) throws Exception {
        RemotingCommand command = decode(frame);
        if (command.isResponseType()) {
            Exchange exchange = open.remove((from.equals("client") ? server : "client") + command.getOpaque());
            if (exchange != null) {
                exchange.response = frame;
            }
            return;
        }
        Exchange exchange = new Exchange();
        exchange.from = from;
        exchange.request = frame;
        open.put(from + command.getOpaque(), exchange);
        synchronized (exchanges) {
            exchanges.add(exchange);
        }
    }

    private byte[] redirect(byte[] frame) {
        String text = new String(frame, StandardCharsets.ISO_8859_1);
        for (Map.Entry<String, String> address : addresses.entrySet()) {
            text = text.replace(address.getKey(), address.getValue());
        }
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private interface Action {
        void run() throws Exception;
    }

    private static void daemon(Action action) {
        Thread thread = new Thread(() -> {
            try {
                action.run();
            } catch (Exception e) {
                e.printStackTrace();
            }
        });
        thread.setDaemon(true);
        thread.start();
    }
}
