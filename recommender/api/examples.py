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
    "propensity": None,
    "explanation": None,
    "similar": None,
    "label_match": None,
    "adjusted": None,
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
    "label_match": "web",
    "adjusted": {
        "reason": "chosen_more_than_expected",
        "offset": 0.412,
        "score_of_model": 0.873392,
        "accepted": 9,
        "rejected": 0,
        "ignored": 1,
        "added": 4,
    },
}
_ANSWER = {
    "id": "rec_01jzj4k7c2e8va9q3m5x6w0ndh",
    "vocabulary": "debtags",
    "model_version": "debtags-7",
    "policy": "normal",
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
    "parent": None,
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
    "kind": "full",
    "kind_reason": "A full training was asked for.",
    "parent": None,
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

_CRITERION = {
    "name": "ndcg_at_5",
    "passed": True,
    "value": 0.842,
    "champion": 0.838,
    "change": 0.004,
    "low": -0.001,
    "high": 0.009,
    "limit": 0.005,
    "n": 3073,
    "tags": [],
    "words": "The limit holds at both ends of the interval.",
}
_GATE = {
    "passed": True,
    "compared_with": "debtags-6",
    "note": "",
    "n_documents": 3073,
    "best_cuts": {"version": 0.31, "champion": 0.28},
    "criteria": [_CRITERION],
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
_SHARE = {"value": 0.784, "low": 0.761, "high": 0.806}
_COMPARED = {
    "champion": {"value": 0.671, "low": 0.612, "high": 0.727},
    "challenger": {"value": 0.693, "low": 0.635, "high": 0.748},
    "difference": {"value": 0.022, "low": -0.008, "high": 0.053},
}
CHALLENGE = OpenApiExample(
    "after some days in the shadow",
    value={
        "model": {"id": _MODEL["id"], "name": "debtags-7"},
        "is_challenger": True,
        "shadow": {
            "champion": "debtags-6",
            "since": _MOMENT,
            "n_texts": 841,
            "n_blind": 112,
            "agreement_at_1": _SHARE,
            "agreement_at_3": _SHARE,
            "agreement_at_5": _SHARE,
            "rank_biased_overlap": _SHARE,
            "seconds": {
                "champion": {"value": 0.0021, "low": 0.002, "high": 0.0022},
                "challenger": {"value": 0.0023, "low": 0.0022, "high": 0.0024},
                "difference": {"value": 0.0002, "low": 0.0001, "high": 0.0003},
            },
            "ndcg_at_5": _COMPARED,
            "acceptance_at_5": _COMPARED,
        },
        "comparisons": [
            {
                "id": "cmp_01jzj5q2w8e4r6t0y9u7i3o5pa",
                "champion": "debtags-6",
                "state": "running",
                "reason": "",
                "share": 0.2,
                "alpha": 0.05,
                "most_documents": 2000,
                "n_won": 61,
                "n_lost": 48,
                "n_draws": 133,
                "share_won": {"value": 0.559633, "low": 0.429, "high": 0.683},
                "preference": 0.02686,
                "started_at": _MOMENT,
                "ended_at": None,
            }
        ],
    },
    response_only=True,
)
RUN = OpenApiExample("a training run", value=_RUN, response_only=True)
RUN_REQUEST = OpenApiExample("train", value={"vocabulary": "debtags", "kind": "full"}, request_only=True)
RUN_DETAIL = OpenApiExample(
    "a training run with its log",
    value=_RUN | {"gate": _GATE, "report": {}, "log_tail": "epoch 3 of 12\n"},
    response_only=True,
    status_codes=["200", "202"],
)
