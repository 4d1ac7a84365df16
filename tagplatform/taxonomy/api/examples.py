"""Examples of the taxonomy's answers for the API's documentation."""

from drf_spectacular.utils import OpenApiExample

TAG_ID = "tag_01jzj4h0r8f6rsc2q9x0m5v7ka"
_BRIEF = {
    "id": TAG_ID,
    "notation": "interface::web",
    "label": "World Wide Web",
    "path": ["User Interface", "World Wide Web"],
}
_MOMENT = "2025-07-07T09:30:00Z"

TAG_BRIEF = OpenApiExample("a tag", value=_BRIEF, response_only=True)
TAG = OpenApiExample(
    "a tag with its names",
    value=_BRIEF
    | {
        "vocabulary": "debtags",
        "status": "active",
        "recommendable": True,
        "at_most_one_below": False,
        "parent": "tag_01jzj4h0r8f6rsc2q9x0m5v7kb",
        "replaced_by": None,
        "definition": "Is operated with a web browser",
        "scope_note": "",
        "labels": [
            {"text": "World Wide Web", "language": "en", "kind": "preferred"},
            {"text": "web interface", "language": "en", "kind": "alternative"},
        ],
        "created_at": _MOMENT,
        "updated_at": _MOMENT,
    },
    response_only=True,
)
TAG_SEARCH = OpenApiExample(
    "found by a synonym",
    value={"results": [{"tag": _BRIEF, "matched_label": "web interface"}]},
    response_only=True,
)
VOCABULARY = OpenApiExample(
    "a vocabulary",
    value={
        "id": "voc_01jzj4gzvye5kt8bq1w6n3d2ca",
        "slug": "debtags",
        "name": "Debian package tags",
        "language": "en",
        "selection_mode": "many",
        "suggestion_limit": 10,
        "n_tags": 601,
        "version": 1843,
    },
    response_only=True,
)
PROPOSAL_REQUEST = OpenApiExample(
    "a missing tag", value={"vocabulary": "debtags", "text": "vector database"}, request_only=True
)
PROPOSAL = OpenApiExample(
    "in the queue",
    value={
        "id": "prop_01jzj4hd2fe8atv5h0y4s9q1mz",
        "vocabulary": "debtags",
        "text": "vector database",
        "language": "en",
        "state": "open",
        "times_proposed": 1,
        "created_at": _MOMENT,
    },
    response_only=True,
    status_codes=["201"],
)
