"""Posts a scan with the Python client that openapi-generator made: URL, token, source and id are in the environment."""

import os
import sys
from datetime import UTC, datetime

import openapi_client as made

scan = made.VisitorScan(
    specversion="1.0",
    id=os.environ["POST_ID"],
    source=os.environ["POST_SOURCE"],
    type="fair.visitor.scanned.v1",
    time=datetime(2025, 10, 25, 9, tzinfo=UTC),
    data=made.VisitorScanData(scan_kind=made.ScanKind.BOOTH, badge_role=made.BadgeRole.VISITOR_PUBLIC),
)
settings = made.Configuration(host=os.environ["POST_URL"], access_token=os.environ["POST_TOKEN"])
with made.ApiClient(settings) as client:
    sys.exit(made.EventsApi(client).post_events([made.Event(scan)]).accepted != 1)
