"""Examples of feedback for the API's documentation."""

from drf_spectacular.utils import OpenApiExample

RECOMMENDATION_ID = "rec_01jzj4k7c2e8va9q3m5x6w0ndh"
_ACCEPTED = "tag_01jzj4h0r8f6rsc2q9x0m5v7ka"
_ADDED = "tag_01jzj4h0r8f6rsc2q9x0m5v7kc"
_REJECTED = "tag_01jzj4h0r8f6rsc2q9x0m5v7kd"


def _decision(tag_id: str, notation: str, label: str, kind: str) -> dict[str, object]:
    return {"tag": {"id": tag_id, "notation": notation, "label": label, "path": [label]}, "decision": kind}


OUTCOME_REQUEST = OpenApiExample(
    "one suggestion taken, one refused, one tag found by hand",
    value={"status": "submitted", "final_tags": [_ACCEPTED, _ADDED], "rejected": [_REJECTED]},
    request_only=True,
)
DISCARD_REQUEST = OpenApiExample("take it all back", value={"status": "discarded"}, request_only=True)
OUTCOME = OpenApiExample(
    "what follows for each tag",
    value={
        "status": "submitted",
        "revision": 1,
        "decisions": [
            _decision(_ACCEPTED, "interface::web", "World Wide Web", "accepted"),
            _decision(_ADDED, "mail::list", "Mailing Lists", "added"),
            _decision(_REJECTED, "mail::smtp", "SMTP", "rejected"),
        ],
    },
    response_only=True,
)
DOCUMENT_TAGS_REQUEST = OpenApiExample(
    "all tags of the document", value={"vocabulary": "debtags", "final_tags": [_ACCEPTED, _ADDED]}, request_only=True
)
EVENTS_REQUEST = OpenApiExample(
    "one event",
    value={
        "events": [
            {
                "event_id": "6f2c9a0e-1c55-4f0e-9d7c-0a7f7c1f2b11",
                "recommendation": RECOMMENDATION_ID,
                "tag": _ACCEPTED,
                "kind": "accepted",
            }
        ]
    },
    request_only=True,
)
EVENTS = OpenApiExample("counted", value={"recorded": 1, "duplicates": 0}, response_only=True)
