"""The OpenAPI document as a client sees it: with the address under which that client reached the gateway."""

import json
from functools import lru_cache

from schemas.api.openapi import openapi_text


@lru_cache(maxsize=64)
def served_openapi(server: str) -> str:
    """Return the document.

    Args:
        server: what stands in front of its paths: `https://fair.example/fair`, or a path alone, or nothing.
    """
    document = json.loads(openapi_text())
    document["servers"] = [{"url": server or "/", "description": "the gateway that serves this document"}]
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
