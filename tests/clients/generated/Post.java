import java.time.OffsetDateTime;
import java.util.List;
import org.openapitools.client.ApiClient;
import org.openapitools.client.api.EventsApi;
import org.openapitools.client.model.BadgeRole;
import org.openapitools.client.model.Event;
import org.openapitools.client.model.ScanKind;
import org.openapitools.client.model.VisitorScan;
import org.openapitools.client.model.VisitorScanData;

/** Posts a scan with the Java client that openapi-generator made: URL, token, source and id are in the environment. */
public class Post {
    public static void main(String[] none) throws Exception {
        ApiClient client = new ApiClient();
        client.updateBaseUri(System.getenv("POST_URL"));
        client.setRequestInterceptor(it -> it.header("Authorization", "Bearer " + System.getenv("POST_TOKEN")));
        VisitorScanData data = new VisitorScanData().scanKind(ScanKind.BOOTH).badgeRole(BadgeRole.VISITOR_PUBLIC);
        VisitorScan scan = new VisitorScan()
            .specversion(VisitorScan.SpecversionEnum._1_0)
            .id(System.getenv("POST_ID"))
            .source(System.getenv("POST_SOURCE"))
            .type(VisitorScan.TypeEnum.FAIR_VISITOR_SCANNED_V1)
            .time(OffsetDateTime.now())
            .data(data);
        int accepted = new EventsApi(client).postEvents(List.of(new Event(scan)), null, null, null, null).getAccepted();
        System.exit(accepted == 1 ? 0 : 1);
    }
}
