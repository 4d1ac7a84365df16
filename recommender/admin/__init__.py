"""Models and training in the admin: versions, runs, aliases, the policy beside each vocabulary, schedules."""

from recommender.admin import aliases, runs, schedules, versions, vocabularies

__all__ = ["aliases", "runs", "schedules", "versions", "vocabularies"]
