"""What the API's documentation says before the operations; plain text for the settings."""

API_DESCRIPTION = """\
Ask for tags, report what was decided, read the vocabulary, run the models.

**Keys.** Send `Authorization: Bearer tp_…`. A key belongs to one source (a CMS or site) and sees only the documents
and recommendations of that source; its scopes say what it may do. People who are signed in may use the same addresses
with their session, as far as their role allows.

**Errors** are `application/problem+json` (RFC 9457). `code` is stable and meant for programs, `title` and `detail` are
for people and follow `Accept-Language` (English, Simplified Chinese). `errors` points with a JSON pointer at each wrong
place of the body, or of the address's parameters.

**Repeating.** Send an `Idempotency-Key` (for example a UUID) with a POST that creates something. The same request with
the same key is carried out once; its answer is replayed for 24 hours with `Idempotency-Replayed: true`. A different
request with that key is refused (422). While the first one runs, the answer is 409 with `Retry-After`. An answer that
is no success frees the key. No copy of a document's text is kept: a repeated `POST /documents` shows the document as it
is by then.

**Limits.** Answers bear `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` (seconds); over the limit the
answer is 429 with `Retry-After`. A request has at most 1,000,000 bytes and a text 200,000 characters: of a longer
one head and tail are kept, and the answer says `truncated`. A batch has at most 64 texts.

**Lists** come in pages: follow `next` until it is null. Times are UTC, RFC 3339. Ids such as `tag_01j…` sort by time
and never change.
"""

API_TAGS = [
    {"name": "Recommendations", "description": "Tags for a text."},
    {"name": "Feedback", "description": "What became of the recommendations: the model learns from it."},
    {"name": "Documents", "description": "Texts to be tagged, stored so that models can be trained on them."},
    {"name": "Vocabularies and tags", "description": "What may be assigned."},
    {"name": "Models", "description": "Which model answers, how good it is; promote and roll back."},
    {"name": "Watching", "description": "What live decisions say of the answers: figures, drift, alerts."},
    {"name": "Training runs", "description": "Train a model and follow how it goes."},
]
