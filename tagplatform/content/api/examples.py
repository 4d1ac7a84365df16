"""Examples of documents for the API's documentation."""

from drf_spectacular.utils import OpenApiExample

_REQUEST = {
    "external_id": "news/2025/0412",
    "title": "A web interface for the mail archive",
    "text": "The archive of our mailing lists can now be searched in a browser …",
    "language": "en",
    "published_at": "2025-07-07T09:30:00Z",
}
_DOCUMENT = {
    "id": "doc_01jzj4j3c9f2gaw8v6h5m1n0te",
    "source": "newsroom",
    **_REQUEST,
    "created_at": "2025-07-07T09:31:02Z",
    "updated_at": "2025-07-07T09:31:02Z",
    "tags": [
        {
            "id": "tag_01jzj4h0r8f6rsc2q9x0m5v7ka",
            "notation": "interface::web",
            "label": "World Wide Web",
            "path": ["User Interface", "World Wide Web"],
            "vocabulary": "debtags",
            "origin": "api",
        }
    ],
    "extra": {},
    "split_group": "",
}
_SUMMARY = {name: value for name, value in _DOCUMENT.items() if name not in ("text", "extra", "split_group")}

DOCUMENT_REQUEST = OpenApiExample("a document", value=_REQUEST, request_only=True)
DOCUMENT = OpenApiExample("a document", value=_DOCUMENT, response_only=True)
SAVED = OpenApiExample(
    "stored", value=_DOCUMENT | {"tags": [], "truncated": False}, response_only=True, status_codes=["200", "201"]
)
SUMMARY = OpenApiExample("a document without its text", value=_SUMMARY, response_only=True)
