"""Models and training in the admin: versions, runs, aliases, the policy beside each vocabulary, schedules."""

from recommender.admin import aliases, policies, runs, schedules, tags, versions, vocabularies

__all__ = ["aliases", "policies", "runs", "schedules", "tags", "versions", "vocabularies"]
