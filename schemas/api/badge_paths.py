"""The two operations about badges in the OpenAPI document."""

from typing import Final

from schemas.api.answers import problem_answers
from schemas.api.http import BODY_MAX_BYTES, DRY_RUN, JSON_TYPE
from schemas.api.portable import Json

REGISTRATION: Final = "registration"
"""Name of the token of the registration system."""
LINES_TYPE: Final = "text/plain"
CSV_TYPE: Final = "text/csv"

_LINES: Final = (
    '{"person": "P-1042", "role": "visitor", "class": "professional", "country": "DE", "codes": ["CIF26-000417"]}\n'
    '{"person": "P-1043", "role": "media", "consent": false, "codes": ["CIF26-000418", "CIF26-000502"]}\n'
)
_CSV: Final = "person;role;class;country;codes\nP-1042;visitor;professional;DE;CIF26-000417\n"
CSV_BODY: Final[Json] = {
    "description": "The body of an import as CSV: separated by commas, semicolons or tabs, as its header shows.",
    "content": {CSV_TYPE: {"schema": {"type": "string"}, "examples": {"csv": {"value": _CSV}}}},
}
"""The other form of an import. It is not listed at the operation, see `openapi._other_bodies`."""


def post_badges() -> Json:
    """Return the operation that imports persons."""
    return {
        "operationId": "postBadges",
        "tags": ["badges"],
        "summary": "Import persons and their badges; the answer comes when Kafka has all of them.",
        "description": "For the registration system, with a token of its own. The body is JSON lines, or CSV "
        "(`#/components/requestBodies/BadgesAsCsv`), in UTF-8, one person "
        "per line, with the columns person, role, class, country, exhibitor, consent, denied, codes, test "
        "and revision; person and role are needed. A column that is left out changes nothing of a registered person, "
        "an empty value does. Any content type is taken, the first character tells the two apart; "
        "`Content-Encoding: gzip` too.\n\nIf one line is wrong, nothing is imported. Lines that say what is there "
        "already write nothing, so an import may be sent again at any time. A body has at most "
        f"{BODY_MAX_BYTES} bytes, also once it is unpacked: send a larger list in parts, each with its header.\n\n"
        "Names are not taken. Numbers of persons and printed codes are not stored, only keyed hashes of them.",
        "security": [{REGISTRATION: []}],
        "parameters": [
            {
                "name": DRY_RUN,
                "in": "query",
                "description": "`true`: say what would be done, and write nothing.",
                "schema": {"type": "boolean"},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {
                LINES_TYPE: {"schema": {"type": "string"}, "examples": {"lines": {"value": _LINES}}},
            },
        },
        "responses": {
            "200": {"$ref": "#/components/responses/Imported"},
            **problem_answers(400, 401, 404, 405, 408, 413, 415, 422, 429, 431, 500, 503),
        },
    }


def post_badge_check() -> Json:
    """Return the operation that asks about a badge."""
    return {
        "operationId": "postBadgeCheck",
        "tags": ["badges"],
        "summary": "Ask whether a badge is known, and why to turn it away.",
        "description": "For terminals at gates and at the doors of halls. Nothing is stored: post the scan as an "
        "event, with `result` and `reason` as the person was treated. An unknown badge may have been printed a "
        "moment ago.",
        "parameters": [],
        "requestBody": {
            "required": True,
            "content": {
                JSON_TYPE: {
                    "schema": {"$ref": "#/components/schemas/BadgeQuestion"},
                    "examples": {"code": {"value": {"badge_code": "CIF26-000417"}}},
                }
            },
        },
        "responses": {
            "200": {"$ref": "#/components/responses/Badge"},
            **problem_answers(400, 401, 403, 404, 405, 408, 413, 415, 422, 429, 431, 500, 503),
        },
    }
