"""Folders that nobody needs any more: what attempts of runs wrote, here and in the store, without registering it."""

from collections.abc import Iterable
from itertools import chain

from recommender import bundle_folders
from recommender.models import DataSnapshot, ModelVersion, TrainingRun
from recommender.stages import kept_paths
from tagplatform.taxonomy.models import Vocabulary


def remove_unregistered_bundles(run: TrainingRun, attempts: Iterable[int]) -> None:
    """Delete what these attempts of the run left; other attempts' folders stay.

    So does what the next attempt of a run that has not ended goes on from. What is registered lies in the shared
    store, where there is one: the copies to work on go, too.
    """
    active = TrainingRun.objects.filter(pk=run.pk, state__in=TrainingRun.ACTIVE_STATES)
    needed = kept_paths(active.values_list("finished", flat=True).first() or {})
    slug, prefixes = run.vocabulary.slug, [f"{run.public_id}-{attempt}-" for attempt in attempts]
    found = chain.from_iterable(bundle_folders.paths_of(slug, prefix) for prefix in prefixes)
    _remove([path for path in found if path not in needed], run.vocabulary)


def remove_what_ended_runs_left(vocabulary: Vocabulary) -> None:
    """The same of every run that has ended, for workers that died with its last attempt or on another machine."""
    runs = TrainingRun.objects.filter(vocabulary=vocabulary).exclude(state__in=TrainingRun.ACTIVE_STATES)
    ended = {run.public_id for run in runs.only("pk")}
    found = bundle_folders.paths_of(vocabulary.slug, f"{TrainingRun.id_prefix}_")
    _remove([path for path in found if _run_of(path) in ended], vocabulary)


def _run_of(path: str) -> str:
    return path.rpartition("/")[2].lstrip(".").partition("-")[0]


def _remove(paths: list[str], vocabulary: Vocabulary) -> None:
    if not paths:
        return
    versions = ModelVersion.objects.filter(vocabulary=vocabulary).values_list("bundle_path", "evaluated_path")
    registered = {path for pair in versions for path in pair}
    registered |= set(DataSnapshot.objects.filter(vocabulary=vocabulary).values_list("path", flat=True))
    for path in paths:
        if path in registered:
            bundle_folders.remove_work(path)
        else:
            bundle_folders.remove(path)
