"""Models and training in the admin: versions, runs, aliases, the policy beside each vocabulary, schedules."""

from recommender.admin import (
    adjustments,
    alerts,
    aliases,
    challengers,
    evidence,
    gates,
    policies,
    runs,
    schedules,
    snapshots,
    tags,
    versions,
    vocabularies,
    watching,
)

__all__ = [
    "adjustments",
    "alerts",
    "aliases",
    "challengers",
    "evidence",
    "gates",
    "policies",
    "runs",
    "schedules",
    "snapshots",
    "tags",
    "versions",
    "vocabularies",
    "watching",
]
