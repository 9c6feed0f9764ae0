// Post the events of a file as Java programs do. Usage: java Post.java WAY; see README.md beside run.py.
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.cloudevents.CloudEvent;
import io.cloudevents.core.builder.CloudEventBuilder;
import io.cloudevents.http.HttpMessageFactory;
import io.cloudevents.jackson.JsonFormat;
import java.io.File;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.OffsetDateTime;

public class Post {
    static final URI SINK = URI.create(System.getenv("POST_URL"));
    static final URI SOURCE = URI.create(System.getenv("POST_SOURCE"));
    static final String TOKEN = "Bearer " + System.getenv("POST_TOKEN");
    static final ObjectMapper JSON = new ObjectMapper();

    /** Java's client as it is made: it prefers HTTP/2, and offers h2c with each request that is not over TLS. */
    static final HttpClient CLIENT = HttpClient.newHttpClient();

    public static void main(String[] arguments) throws Exception {
        ArrayNode events = (ArrayNode) JSON.readTree(new File(System.getenv("POST_EVENTS")));
        for (JsonNode one : events) {
            ((ObjectNode) one).put("specversion", "1.0").put("source", SOURCE.toString());
        }
        switch (arguments[0]) {
            case "sdk:binary", "sdk:structured" -> {
                for (JsonNode one : events) sdk(of(one), arguments[0].endsWith("structured"));
            }
            case "sdk-urlconnection:binary" -> {
                for (JsonNode one : events) urlConnection(of(one));
            }
            case "HttpClient:structured" -> {
                for (JsonNode one : events) post(one.toString(), "application/cloudevents+json");
            }
            case "HttpClient:batch" -> post(events.toString(), "application/cloudevents-batch+json");
            case "HttpClient-stream:batch" -> {
                byte[] body = events.toString().getBytes(StandardCharsets.UTF_8);
                HttpRequest request = request().header("Content-Type", "application/cloudevents-batch+json")
                        .POST(BodyPublishers.ofInputStream(() -> new java.io.ByteArrayInputStream(body))).build();
                tell(CLIENT.send(request, BodyHandlers.ofString()).statusCode());
            }
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    static CloudEvent of(JsonNode one) throws Exception {
        return CloudEventBuilder.v1()
                .withId(one.get("id").asText())
                .withType(one.get("type").asText())
                .withSource(SOURCE)
                .withTime(OffsetDateTime.now())
                .withData("application/json", JSON.writeValueAsBytes(one.get("data")))
                .build();
    }

    static void sdk(CloudEvent event, boolean structured) throws Exception {
        HttpRequest.Builder builder = request();
        var writer = HttpMessageFactory.createWriter(
                builder::header, body -> builder.POST(BodyPublishers.ofByteArray(body)));
        if (structured) writer.writeStructured(event, JsonFormat.CONTENT_TYPE);
        else writer.writeBinary(event);
        tell(CLIENT.send(builder.build(), BodyHandlers.ofString()).statusCode());
    }

    static void urlConnection(CloudEvent event) throws Exception {
        HttpURLConnection line = (HttpURLConnection) SINK.toURL().openConnection();
        line.setRequestMethod("POST");
        line.setDoOutput(true);
        line.setRequestProperty("Authorization", TOKEN);
        HttpMessageFactory.createWriter(line::setRequestProperty, body -> {
            try (var out = line.getOutputStream()) {
                out.write(body);
            } catch (java.io.IOException failed) {
                throw new java.io.UncheckedIOException(failed);
            }
        }).writeBinary(event);
        int status = line.getResponseCode();
        (status < 400 ? line.getInputStream() : line.getErrorStream()).readAllBytes();
        tell(status);
    }

    static HttpRequest.Builder request() {
        return HttpRequest.newBuilder(SINK).header("Authorization", TOKEN);
    }

    static void post(String body, String type) throws Exception {
        HttpRequest request = request().header("Content-Type", type).POST(BodyPublishers.ofString(body)).build();
        tell(CLIENT.send(request, BodyHandlers.ofString()).statusCode());
    }

    static void tell(int status) {
        System.out.println(status);
    }
}
