"""Full or incremental: which kind of training a run becomes, and why."""

from collections.abc import Callable

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from recommender import ml, registry
from recommender.models import ModelVersion, TrainingPolicy, TrainingRun
from recommender.parents import open_parent, replay_limits
from recommender.parts import LARGEST_KNOWN_SHARE
from recommender.progress import RunProgress
from recommender.runs import record_kind, training_policy
from recommender.training_data import TrainingData
from recommender.workshop import Workshop
from tagplatform.taxonomy.models import Vocabulary
from tagplatform.taxonomy.snapshot import vocabulary_snapshot

Kind = TrainingRun.Kind


def workshop_for(run: TrainingRun, data: TrainingData, progress: RunProgress, present: ModelVersion | None) -> Workshop:
    """The workshop of a full run, or of one that updates the champion; the run says which and why."""
    policy = training_policy(run.vocabulary)
    full = Workshop(run, data, progress)
    n_held_out = len(full.test)
    if present is not None:
        full.stand_beside(registry.seen_documents(present))
    reason = _why_full(run, policy, present, data)
    if reason is None and present is not None:
        try:
            parent = open_parent(present, replay_limits(policy))
        except ml.BundleError:
            reason = _("%(version)s cannot be read.") % {"version": present.name}
        else:
            update = Workshop(run, data, progress, parent=parent)
            reason = _why_not_updated(update, n_held_out=n_held_out)
            if reason is None:
                why = _("It updates %(version)s with what is new.") % {"version": present.name}
                record_kind(run, Kind.INCREMENTAL, reason=why, parent=present)
                return update
    record_kind(run, Kind.FULL, reason=reason or "", parent=None)
    return full


def _why_full(run: TrainingRun, policy: TrainingPolicy, present: ModelVersion | None, data: TrainingData) -> str | None:
    """None where the champion is to be updated; one that was asked for needs no more than a champion."""
    if run.asked_kind == Kind.FULL:
        return _("A full training was asked for.")
    if present is None:
        return _("There is no version yet that could be updated.")
    if present.recipe != run.recipe:
        return _OBSTACLES["recipe"]()
    if run.asked_kind == Kind.INCREMENTAL:
        return None
    return _due(run, policy) or _taxonomy_changed(run, policy, present, data)


_FAILED_IN_A_ROW = 2  # one is often chance: where documents are few, full trainings fail as often


def _due(run: TrainingRun, policy: TrainingPolicy) -> str | None:
    """Enough updates since the last full training, or the last ones were not good enough."""
    last_full = _succeeded(run).exclude(kind=Kind.INCREMENTAL).first()
    updates = _succeeded(run).filter(kind=Kind.INCREMENTAL)
    updates = updates.filter(pk__gt=last_full.pk) if last_full else updates
    n_updates, newest = updates.count(), list(updates[:_FAILED_IN_A_ROW])
    if n_updates + 1 >= policy.full_every:
        return _("Every %(n)d runs one learns everything anew.") % {"n": policy.full_every}
    if not newest or last_full is None:
        return None
    if sum((each.report.get("gate") or {}).get("passed") is False for each in newest) == _FAILED_IN_A_ROW:
        return _("The last two updates did not pass the gate.")
    behind, beyond_chance = _behind(last_full, newest[0])
    if behind > policy.largest_gap and beyond_chance:
        values = {"behind": f"{behind:.3f}", "limit": f"{policy.largest_gap:.3f}"}
        return _("The last update was %(behind)s of nDCG@5 behind the last full training; at most %(limit)s.") % values
    return None


def retired_tags(data: TrainingData, vocabulary: Vocabulary) -> int:
    """Columns whose tags are out of use."""
    tags = vocabulary_snapshot(vocabulary.pk).tags
    return len(set(data.label_space.tag_ids).difference(str(tag.id) for tag in tags.values() if tag.recommendable))


def _taxonomy_changed(
    run: TrainingRun, policy: TrainingPolicy, present: ModelVersion, data: TrainingData
) -> str | None:
    """Tags that are new since the champion was trained, and those that went out of use since then."""
    report = present.training_run.report if present.training_run else {}
    n_new = data.label_space.n_labels - present.n_labels
    n_retired = max(retired_tags(data, run.vocabulary) - int(report.get("retired_tags") or 0), 0)
    if n_new + n_retired <= policy.taxonomy_change * present.n_labels:
        return None
    values = {"new": n_new, "retired": n_retired, "known": present.n_labels}
    return _("The taxonomy has changed: %(new)d tags are new, %(retired)d of %(known)d went out of use.") % values


def _why_not_updated(workshop: Workshop, *, n_held_out: int) -> str | None:
    obstacle = workshop.obstacle()
    if obstacle is not None:
        return _OBSTACLES[obstacle]()
    if len(workshop.test) < (1.0 - LARGEST_KNOWN_SHARE) * n_held_out:
        return _("The version that it would update has learnt from most documents that are to measure it.")
    return None


def _succeeded(run: TrainingRun) -> QuerySet[TrainingRun]:
    """Runs of the same recipe that made a version, newest first; repetitions do not count."""
    return TrainingRun.objects.filter(
        vocabulary=run.vocabulary, recipe=run.recipe, state=TrainingRun.State.SUCCEEDED, repeats=None
    ).order_by("-pk")


def _behind(full: TrainingRun, update: TrainingRun) -> tuple[float, bool]:
    """By how much the update's nDCG@5 is lower, each on its own held-out documents, and whether more than by chance.

    Beyond chance: not even the upper end of the update's 95 % interval reaches the full training's figure.
    """
    known, lately = ((run.report.get("metrics") or {}).get("ndcg_at_5") or {} for run in (full, update))
    if not known or not lately:
        return 0.0, False
    return float(known["value"]) - float(lately["value"]), float(lately["high"]) < float(known["value"])


_OBSTACLES: dict[ml.Obstacle, Callable[[], str]] = {
    "recipe": lambda: _("The champion was made by another recipe."),
    "settings": lambda: _("The settings of the recipe have changed."),
    "labels": lambda: _("The champion's tags stand in other columns."),
    "bundle": lambda: _("The champion's bundle is older than updates."),
    "choice": lambda: _("The automatic choice is another one now."),
    "network": lambda: _("There are enough documents now for the network to join."),
    "anew": lambda: _("This recipe learns everything anew each time, which is quick."),
}
