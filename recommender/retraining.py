"""The story of one training run: collect, split, train, evaluate beside baseline and champion, register, promote."""

import logging
import resource
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from recommender import ml, registry
from recommender.models import ModelVersion, Recipe, TrainingRun
from recommender.progress import RunProgress, TrainingCancelled
from recommender.runs import finish_run, training_policy
from recommender.selectors import champion
from recommender.training_data import TrainingData, collect_training_data

logger = logging.getLogger(__name__)

BASELINE = Recipe.TFIDF_LOGREG


@dataclass(frozen=True)
class Candidate:
    """A trained version that is not live yet, with its figures on the held-out documents."""

    version: ModelVersion
    evaluation: ml.Evaluation


@dataclass(frozen=True)
class Parts:
    """The examples of a run by their use."""

    train: list[ml.Example]
    dev: list[ml.Example]
    test: list[ml.Example]


def carry_out(run: TrainingRun) -> None:
    """Do the run and write down how it ended; an error ends it as failed and leaves the champion alone."""
    try:
        with RunProgress(run) as progress:
            registry.remove_unregistered_bundles(run)
            reason, report = _train_and_judge(run, progress)
        state = TrainingRun.State.SUCCEEDED if report else TrainingRun.State.SKIPPED
        finish_run(run, state, reason=reason, report=report)
    except TrainingCancelled:
        finish_run(run, TrainingRun.State.CANCELLED, reason=_("Cancelled."))
        registry.remove_unregistered_bundles(run)
    except ml.NotEnoughExamples as error:
        finish_run(run, TrainingRun.State.SKIPPED, reason=str(error))
    except Exception as error:
        logger.exception("training run %s failed", run.public_id)
        finish_run(run, TrainingRun.State.FAILED, reason=f"{type(error).__name__}: {error}")
        registry.remove_unregistered_bundles(run)


def _train_and_judge(run: TrainingRun, progress: RunProgress) -> tuple[str, dict[str, Any]]:
    """Why it was skipped or (not) promoted, and the report; an empty report means skipped."""
    started = time.monotonic()
    progress("collecting documents", 0.0)
    present = champion(run.vocabulary)
    champion_ranker = _open_champion(present)
    data = collect_training_data(run.vocabulary, known=_columns(champion_ranker))
    progress.log(f"{len(data.examples)} documents, {data.label_space.n_labels} tags")
    if run.trigger == TrainingRun.Trigger.SCHEDULE and present and _learnt_from(present) == (data.digest, run.recipe):
        return _("Nothing has changed since the champion was trained."), {}
    parts = _split(data)
    candidate = _train_candidate(run, data, parts, progress)
    report = {
        "data_digest": data.digest,
        "documents": {"train": len(parts.train), "dev": len(parts.dev), "test": len(parts.test)},
        "metrics": candidate.evaluation.as_dict(),
        "baseline": _baseline_metrics(run, data, parts, candidate, progress),
    }
    progress.span(0.95, 1.0)
    progress("comparing with the champion", 0.0)
    judged = _judge(run, candidate, present, champion_ranker, parts)
    report |= judged | {
        "seconds": round(time.monotonic() - started, 1),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    return judged["reason"], report


def _open_champion(version: ModelVersion | None) -> ml.Ranker | None:
    """The champion's ranker; None where it is missing or damaged, and training goes on without it."""
    if version is None:
        return None
    try:
        return registry.open_version(version)
    except ml.BundleError:
        return None


def _columns(ranker: ml.Ranker | None) -> tuple[str, ...]:
    return ranker.label_space.tag_ids if ranker is not None else ()


def _learnt_from(version: ModelVersion) -> tuple[str, str]:
    report = version.training_run.report if version.training_run else {}
    return report.get("data_digest", ""), version.recipe


def _split(data: TrainingData) -> Parts:
    split = ml.split_examples(data.examples)
    return Parts(*([data.examples[i] for i in rows] for rows in (split.train, split.dev, split.test)))


def _train_candidate(run: TrainingRun, data: TrainingData, parts: Parts, progress: RunProgress) -> Candidate:
    policy = training_policy(run.vocabulary)
    progress.span(0.02, 0.7)
    trained = ml.train_ranker(
        run.recipe,
        train=parts.train,
        dev=parts.dev,
        label_space=data.label_space,
        config=ml.config_from_dict(run.recipe, policy.config if run.recipe == policy.recipe else {}),
        seed=policy.seed,
        precision_target=run.vocabulary.precision_target,
        threads=settings.TRAINING_THREADS,
        on_progress=progress,
    )
    progress.span(0.7, 0.8)
    progress("evaluating on held-out documents", 0.0)
    return _register(run, data, parts, trained)


def _register(run: TrainingRun, data: TrainingData, parts: Parts, trained: ml.TrainedRanker) -> Candidate:
    """Write the bundle, look at it as serving will, and give it a number."""
    path = registry.reserve_bundle_path(run)
    directory = Path(settings.BUNDLES_DIR) / path
    held_out = ml.predict_held_out(trained, parts.test)
    ml.save_bundle(trained, directory, extra_files={registry.HELD_OUT_FILE: held_out.save})
    ranker = ml.open_bundle(directory)
    evaluation = _evaluate(ranker, data, parts)
    data_from, data_until = data.window
    version = registry.register_version(
        run=run,
        bundle_path=path,
        fields={
            "bundle_digest": ranker.digest,
            "bundle_bytes": sum(file.stat().st_size for file in directory.rglob("*") if file.is_file()),
            "n_documents": len(parts.train) + len(parts.dev),
            "n_labels": data.label_space.n_labels,
            "data_from": data_from,
            "data_until": data_until,
            "metrics": evaluation.as_dict(),
        },
    )
    return Candidate(version, evaluation)


def _evaluate(ranker: ml.Ranker, data: TrainingData, parts: Parts) -> ml.Evaluation:
    counts = ml.label_counts(parts.train, data.label_space.n_labels)
    return ml.evaluate(ranker, parts.test, label_counts=counts, seed=0)


def _baseline_metrics(
    run: TrainingRun, data: TrainingData, parts: Parts, candidate: Candidate, progress: RunProgress
) -> dict[str, Any]:
    """The figures of per-tag logistic regression on the same split: known already, or trained for this."""
    if run.recipe == BASELINE:
        return candidate.evaluation.as_dict()
    known = (
        ModelVersion.objects.filter(
            vocabulary=run.vocabulary, recipe=BASELINE, training_run__report__data_digest=data.digest
        )
        .order_by("-id")
        .first()
    )
    if known is not None:
        return dict(known.metrics)
    progress.span(0.8, 0.95)
    return _train_baseline(run, data, parts, progress)


def _train_baseline(run: TrainingRun, data: TrainingData, parts: Parts, progress: RunProgress) -> dict[str, Any]:
    trained = ml.train_ranker(
        BASELINE,
        train=parts.train,
        dev=parts.dev,
        label_space=data.label_space,
        seed=training_policy(run.vocabulary).seed,
        precision_target=run.vocabulary.precision_target,
        threads=settings.TRAINING_THREADS,
        on_progress=lambda stage, fraction: progress(f"baseline: {stage}", fraction),
    )
    directory = Path(settings.BUNDLES_DIR) / (registry.reserve_bundle_path(run) + "-baseline")
    try:
        ml.save_bundle(trained, directory)
        return _evaluate(ml.open_bundle(directory), data, parts).as_dict()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _judge(
    run: TrainingRun,
    candidate: Candidate,
    present: ModelVersion | None,
    champion_ranker: ml.Ranker | None,
    parts: Parts,
) -> dict[str, Any]:
    """Promote the candidate unless it is worse than the champion on the same held-out documents."""
    policy = training_policy(run.vocabulary)
    if present is None or champion_ranker is None:
        reason = _("The first version that can be served.")
        verdict: dict[str, Any] = {"verdict": "first"}
    else:
        old = _evaluate_champion(champion_ranker, candidate, parts)
        comparison = ml.compare(candidate.evaluation, old, tolerance=policy.tolerance)
        reason = _reason(comparison, present)
        verdict = {"verdict": comparison.verdict, "difference": comparison.interval, "champion": old.as_dict()}
    promoted = verdict["verdict"] != "worse" and policy.promote_automatically
    if promoted:
        registry.promote(version=candidate.version, actor=run.requested_by, reason=reason)
    return verdict | {"reason": reason, "promoted": promoted, "version": candidate.version.name}


def _evaluate_champion(ranker: ml.Ranker, candidate: Candidate, parts: Parts) -> ml.Evaluation:
    """The champion on the candidate's test documents; tags that it does not know count as missed."""
    counts = ml.label_counts(parts.train, candidate.version.n_labels)
    return ml.evaluate(ranker, parts.test, label_counts=counts, seed=0)


def _reason(comparison: ml.Comparison, present: ModelVersion) -> str:
    difference, low, high = (100 * value for value in comparison.interval)
    words = {
        "better": _("Better than %(champion)s"),
        "not worse": _("Not worse than %(champion)s"),
        "worse": _("Worse than %(champion)s, so it does not go live"),
    }
    start = words[comparison.verdict] % {"champion": present.name}
    return f"{start}: nDCG@5 {difference:+.1f} ({low:+.1f} … {high:+.1f})"
