"""Posts a scan with the client that openapi-python-client made: URL, token, source and id are in the environment."""

import os
import sys
from datetime import UTC, datetime

from fairpulse_gateway_client import AuthenticatedClient
from fairpulse_gateway_client.api.events import post_events
from fairpulse_gateway_client.models import (
    BadgeRole,
    ScanKind,
    VisitorScan,
    VisitorScanData,
    VisitorScanSpecversion,
    VisitorScanType,
)

scan = VisitorScan(
    specversion=VisitorScanSpecversion.VALUE_0,
    id=os.environ["POST_ID"],
    source=os.environ["POST_SOURCE"],
    type_=VisitorScanType.FAIR_VISITOR_SCANNED_V1,
    time=datetime(2025, 10, 25, 9, tzinfo=UTC),
    data=VisitorScanData(scan_kind=ScanKind.BOOTH, badge_role=BadgeRole.VISITOR_PUBLIC),
)
client = AuthenticatedClient(base_url=os.environ["POST_URL"], token=os.environ["POST_TOKEN"])
receipt = post_events.sync(client=client, body=[scan])
sys.exit(getattr(receipt, "accepted", 0) != 1)
