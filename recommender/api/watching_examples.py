"""Examples of figures, drift and alerts for the API's documentation."""

from drf_spectacular.utils import OpenApiExample

_PERIOD = {"from": "2025-07-01", "to": "2025-07-07", "vocabulary": "debtags"}

FIGURES = OpenApiExample(
    "figures by day",
    value=_PERIOD
    | {
        "step": "day",
        "counted_until": "2025-07-07",
        "results": [
            {
                "start": "2025-07-01",
                "figures": [
                    {"figure": "hit_rate_at_1", "value": 0.714286, "low": 0.625912, "high": 0.788954, "n": 112},
                    {"figure": "entropy_ratio", "value": 0.931, "low": 0.894, "high": 0.968, "n": 538},
                ],
            }
        ],
    },
    response_only=True,
)
DRIFT = OpenApiExample(
    "tags that have drifted",
    value=_PERIOD
    | {
        "results": [
            {
                "day": "2025-07-07",
                "model_version": "debtags-7",
                "measure": "tags",
                "distance": 0.31,
                "expected": 0.08,
                "critical": 0.11,
                "limit": 0.2,
                "is_drift": True,
                "n_reference": 5120,
                "n_current": 403,
                "reason": None,
                "changes": [
                    {
                        "name": "World Wide Web",
                        "tag": "tag_01jzj4h0r8f6rsc2q9x0m5v7ka",
                        "before": 0.021,
                        "now": 0.094,
                    }
                ],
            }
        ]
    },
    response_only=True,
)
ALERT = OpenApiExample(
    "an alert",
    value={
        "id": "alert_01jzj5q2w8e4r6t0y9u7i3o5pa",
        "vocabulary": "debtags",
        "rule": {
            "id": "rule_01jzj4h0r8f6rsc2q9x0m5v7ka",
            "measure": "acceptance_at_1",
            "comparison": "below",
            "limit": 0.5,
            "window_days": 7,
        },
        "state": "open",
        "value": 0.46,
        "last_value": 0.44,
        "n_documents": 214,
        "opened_at": "2025-07-07T09:15:00Z",
        "closed_at": None,
        "acknowledged_at": None,
    },
    response_only=True,
)
