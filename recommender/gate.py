"""The gate of a training run: the candidate beside the champion, and within its budgets."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from recommender import bundle_folders, ml, registry
from recommender.gate_words import TagNamer, caution, sentence, tag_namer
from recommender.ml import gate as rules
from recommender.ml.judged import JudgedAnswers, best_cut, judged_answers
from recommender.models import GatePolicy, ModelVersion
from recommender.workshop import Workshop, figures
from tagplatform.taxonomy.models import Vocabulary

FEWEST_COMPARED = 20  # unseen documents; with fewer, chance would decide
N_TIMED = 100
N_WARM_UP = 5
BYTES_A_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Judgement:
    """What the gate says of a candidate, criterion by criterion, and why it was (not) compared."""

    note: str
    compared_with: str = ""
    champion: ml.Evaluation | None = None
    n_documents: int = 0
    criteria: tuple[rules.Criterion, ...] = ()
    label_of: TagNamer | None = None
    best_cuts: Mapping[str, float] | None = None  # where F1 was taken, of "version" and "champion"
    known: Mapping[str, int] | None = None  # of documents: held out, unknown to the champion's twin, compared on

    @property
    def acceptable(self) -> bool:
        return not self.failed

    @property
    def failed(self) -> list[rules.Criterion]:
        return [criterion for criterion in self.criteria if not criterion.passed]

    @property
    def verdict(self) -> str:
        """First, better, not worse or worse than the champion."""
        if self.failed:
            return "worse" if self.compared_with else "over budget"
        if not self.compared_with:
            return "first"
        return "better" if (self._ndcg is not None and (self._ndcg.low or 0.0) > 0) else "not worse"

    @property
    def reason(self) -> str:
        """One sentence for the run and the history of the alias."""
        if self.verdict == "first":
            return self.note
        if self.failed:
            failed = "; ".join(sentence(criterion.as_dict(), self.label_of) for criterion in self.failed)
            start = _("Does not go live: %(criteria)s") % {"criteria": failed}
        else:
            better, not_worse = _("Better than %(champion)s"), _("Not worse than %(champion)s")
            start = (better if self.verdict == "better" else not_worse) % {"champion": self.compared_with}
            start += f": {sentence(self._ndcg.as_dict())}" if self._ndcg else ""
        return f"{start} ({self.note})" if self.note else start

    def as_dict(self) -> dict[str, Any]:
        """As the run's report keeps it."""
        ndcg = self._ndcg
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            "champion": figures(self.champion) if self.champion else None,
            "difference": [ndcg.change, ndcg.low, ndcg.high] if ndcg else None,
            "gate": {
                "passed": self.acceptable,
                "compared_with": self.compared_with or None,
                "note": self.note,
                "n_documents": self.n_documents,
                "best_cuts": self.best_cuts,
                "known": self.known,
                "criteria": [criterion.as_dict() for criterion in self.criteria],
            },
        }

    def within_budgets(self, criteria: Sequence[rules.Criterion]) -> "Judgement":
        """The same with what the bundle costs that is to answer."""
        return replace(self, criteria=(*self.criteria, *criteria))

    @property
    def _ndcg(self) -> rules.Criterion | None:
        return next((each for each in self.criteria if each.name == "ndcg_at_5" and each.change is not None), None)


def gate_policy(vocabulary: Vocabulary) -> GatePolicy:
    """The vocabulary's limits, with the defaults where nobody has set any."""
    return GatePolicy.objects.get_or_create(vocabulary=vocabulary)[0]


def judge(workshop: Workshop, evaluation: ml.Evaluation, present: ModelVersion | None) -> Judgement:
    """The candidate's twin beside the champion's on the held-out documents that neither has seen."""
    if present is None:
        return Judgement(_("The first version."))
    try:
        twin = ml.open_bundle(registry.evaluated_directory(present))
    except ml.BundleError:
        return Judgement(_("The champion %(name)s cannot be opened.") % {"name": present.name})
    old = workshop.measure(twin)
    k = workshop.run.vocabulary.suggestion_limit
    unseen = workshop.unseen_rows(present)
    rows = unseen if len(unseen) >= FEWEST_COMPARED else np.arange(old.n_documents)
    cuts = {"version": best_cut(evaluation.predictions, rows), "champion": best_cut(old.predictions, rows)}
    sides = _at_cut(evaluation, cuts["version"], k), _at_cut(old, cuts["champion"], k)
    criteria = (*_quality(workshop, sides, rows), *_blind(workshop, sides, unseen))
    known = {"n_unseen": len(unseen), "n_held_out": old.n_documents, "n_compared": len(rows)}
    namer = tag_namer(workshop.run.vocabulary)
    return Judgement(caution(known), present.name, old, len(rows), criteria, namer, cuts, known)


def _at_cut(evaluation: ml.Evaluation, cut: float, k: int) -> JudgedAnswers:
    """The answers, with all those predicted that are at or over the cut."""
    n_labels = evaluation.predictions.label_space.n_labels
    return judged_answers(evaluation, np.full(n_labels, cut, np.float32), k=k)


def _quality(
    workshop: Workshop, sides: tuple[JudgedAnswers, JudgedAnswers], rows: np.ndarray
) -> tuple[rules.Criterion, ...]:
    new, old = (side.at(rows) for side in sides)
    label_space = workshop.data.label_space
    used = rules.UsedLabels(label_space.tag_ids, ml.label_counts(workshop.train, label_space.n_labels))
    limits = limits_of(gate_policy(workshop.run.vocabulary))
    return tuple(rules.quality_criteria(new, old, used=used, limits=limits, seed=0))


def _blind(workshop: Workshop, sides: tuple[JudgedAnswers, JudgedAnswers], unseen: np.ndarray) -> list[rules.Criterion]:
    """The documents that no suggestion has swayed, on their own where there are enough that neither twin knows.

    They stand last among the held-out ones. One whose sibling the candidate has learnt from does not count.
    """
    n_documents, learnt = sides[0].n_documents, ml.SeenDocuments.of([*workshop.train, *workshop.dev])
    blind = np.arange(n_documents - len(workshop.data.blind), n_documents)
    rows = np.array([row for row in np.intersect1d(blind, unseen) if workshop.test[row] not in learnt], np.int64)
    if len(rows) < FEWEST_COMPARED:
        return []
    new, old = (side.at(rows) for side in sides)
    return [rules.blind_criterion(new, old, limits=limits_of(gate_policy(workshop.run.vocabulary)), seed=0)]


def limits_of(policy: GatePolicy) -> rules.Limits:
    """The policy as the pure rules take it."""
    doubts: dict[str, rules.Doubt] = {"strict": "strict", "balanced": "balanced", "lenient": "lenient"}
    return rules.Limits(
        ndcg_at_5=policy.ndcg_tolerance,
        micro_f1=policy.micro_f1_tolerance,
        macro_f1_tail=policy.tail_f1_tolerance,
        calibration_error=policy.calibration_tolerance,
        tag_recall=policy.recall_tolerance,
        n_top_tags=policy.n_top_tags,
        fewest_documents=policy.fewest_documents,
        enough_documents=policy.enough_documents,
        doubt=doubts[policy.when_in_doubt],
    )


def budget_criteria(workshop: Workshop, fields: dict[str, Any], present: ModelVersion | None) -> list[rules.Criterion]:
    """What the bundle costs that is to answer, and whether its labels stand where the champion's did."""
    policy, texts = gate_policy(workshop.run.vocabulary), workshop.texts_to_time(N_TIMED)
    ranker, served = ml.open_bundle(bundle_folders.folder(fields["bundle_path"])), _opened(present)
    sizes = [_megabytes(n_bytes) for n_bytes in (fields["bundle_bytes"], present.bundle_bytes if present else 0)]
    size = rules.budget("size_mb", sizes[0], limit=policy.size_budget_mb, champion=sizes[1] if present else None)
    times = [_p95_ms(each, texts) if each is not None and texts else None for each in (ranker, served)]
    criteria = [size, _latency(times[0], times[1], policy.latency_budget_ms)]
    if served is None:
        return criteria
    return [*criteria, rules.labels_kept(ranker.label_space.tag_ids, served.label_space.tag_ids)]


def _latency(new: float | None, old: float | None, limit: float) -> rules.Criterion:
    if new is None:
        return rules.Criterion("latency_ms", passed=True, limit=limit)
    return rules.budget("latency_ms", new, limit=limit, champion=old)


def _opened(version: ModelVersion | None) -> ml.Ranker | None:
    try:
        return None if version is None else registry.open_version(version)
    except ml.BundleError:
        return None


def _megabytes(n_bytes: int) -> float:
    return n_bytes / BYTES_A_MEGABYTE


def _p95_ms(ranker: ml.Ranker, texts: Sequence[ml.Text]) -> float:
    """Milliseconds of one processor for one text; what else runs on this machine does not count."""
    seconds = []
    for text in [*texts[:N_WARM_UP], *texts]:
        started = time.process_time()
        ranker.rank([text], limit=10)
        seconds.append(time.process_time() - started)
    return round(1000 * rules.percentile_95(seconds[N_WARM_UP:]), 2)
