"""Examples of recommendations, models and training runs for the API's documentation."""

from drf_spectacular.utils import OpenApiExample

_MOMENT = "2025-07-07T09:30:00Z"
_TAG = {
    "id": "tag_01jzj4h0r8f6rsc2q9x0m5v7ka",
    "notation": "interface::web",
    "label": "World Wide Web",
    "path": ["User Interface", "World Wide Web"],
}
_SUGGESTION = {
    "rank": 1,
    "tag": _TAG,
    "score": 0.912406,
    "confidence": "high",
    "above_threshold": True,
    "origin": "model",
    "explanation": None,
    "similar": None,
}
_EXPLAINED = _SUGGESTION | {
    "explanation": [{"field": "title", "start": 2, "end": 5, "text": "web", "contribution": 2.318044}],
    "similar": [
        {
            "id": "doc_01jzj4e5m3a7w1x9t6q2b8k0rv",
            "external_id": "news/2025/0398",
            "title": "Mailing lists in the browser",
            "similarity": 0.613207,
        }
    ],
}
_ANSWER = {
    "id": "rec_01jzj4k7c2e8va9q3m5x6w0ndh",
    "vocabulary": "debtags",
    "model_version": "debtags-7",
    "suggestions": [_SUGGESTION],
    "truncated": False,
    "degraded": False,
    "abstained": False,
    "abstain_reason": None,
    "latency_ms": 1.84,
}
_TEXT = {
    "title": "A web interface for the mail archive",
    "text": "The archive of our mailing lists can now be searched in a browser …",
}
_PROBLEM = {
    "type": "about:blank",
    "status": 422,
    "code": "unknown_document",
    "title": "The input is not valid",
    "detail": "The source has no document “news/9”. Store it first, or leave “external_id” out.",
    "errors": [
        {
            "pointer": "/external_id",
            "code": "unknown_document",
            "detail": "The source has no document “news/9”. Store it first, or leave “external_id” out.",
        }
    ],
}
_MODEL = {
    "id": "model_01jzj4m2q4fs0b7v9n6h1x8cwe",
    "name": "debtags-7",
    "vocabulary": "debtags",
    "number": 7,
    "recipe": "fasttext-cnn-mlp",
    "status": "ready",
    "aliases": ["champion"],
    "training_run": "run_01jzj4kyc9e3w8r5t2m0a6v4hd",
    "n_documents": 24310,
    "n_labels": 601,
    "data_from": None,
    "data_until": None,
    "metrics": {"ndcg_at_5": {"value": 0.821, "low": 0.815, "high": 0.827}},
    "created_at": _MOMENT,
}
_RUN = {
    "id": "run_01jzj4kyc9e3w8r5t2m0a6v4hd",
    "vocabulary": "debtags",
    "recipe": "fasttext-cnn-mlp",
    "trigger": "api",
    "state": "running",
    "stage": "fine-tuning",
    "progress": 0.42,
    "reason": "",
    "cancel_requested": False,
    "created_at": _MOMENT,
    "started_at": _MOMENT,
    "finished_at": None,
}

RECOMMENDATION_REQUEST = OpenApiExample(
    "a text", value={"vocabulary": "debtags", **_TEXT, "limit": 5}, request_only=True
)
STORED_TEXT_REQUEST = OpenApiExample(
    "a stored document", value={"vocabulary": "debtags", "external_id": "news/2025/0412"}, request_only=True
)
RECOMMENDATION = OpenApiExample("an answer", value=_ANSWER, response_only=True, status_codes=["200", "201"])
EXPLAINED = OpenApiExample(
    "an answer with explanations",
    value=_ANSWER | {"suggestions": [_EXPLAINED]},
    response_only=True,
    status_codes=["200", "201"],
)
STORED = OpenApiExample(
    "an answer given before",
    value=_ANSWER | {"external_id": "news/2025/0412", "created_at": _MOMENT},
    response_only=True,
)
BATCH_REQUEST = OpenApiExample(
    "two texts",
    value={"vocabulary": "debtags", "documents": [_TEXT, {"external_id": "news/9"}], "limit": 5},
    request_only=True,
)
BATCH = OpenApiExample(
    "one answer, one problem",
    value={
        "results": [
            {"index": 0, "status": 201, "recommendation": _ANSWER, "problem": None},
            {"index": 1, "status": 422, "recommendation": None, "problem": _PROBLEM},
        ]
    },
    response_only=True,
)
MODEL = OpenApiExample("a model version", value=_MODEL, response_only=True)
ALIASES = OpenApiExample(
    "the champion",
    value={
        "results": [
            {
                "vocabulary": "debtags",
                "alias": "champion",
                "model": {"id": _MODEL["id"], "name": "debtags-7"},
                "moved_at": _MOMENT,
            }
        ]
    },
    response_only=True,
)
PROMOTE_REQUEST = OpenApiExample(
    "go live", value={"model": _MODEL["id"], "reason": "better on the long tail"}, request_only=True
)
ROLL_BACK_REQUEST = OpenApiExample(
    "go back", value={"vocabulary": "debtags", "reason": "odd suggestions for recipes"}, request_only=True
)
RUN = OpenApiExample("a training run", value=_RUN, response_only=True)
RUN_REQUEST = OpenApiExample("train", value={"vocabulary": "debtags"}, request_only=True)
RUN_DETAIL = OpenApiExample(
    "a training run with its log",
    value=_RUN | {"report": {}, "log_tail": "epoch 3 of 12\n"},
    response_only=True,
    status_codes=["200", "202"],
)
