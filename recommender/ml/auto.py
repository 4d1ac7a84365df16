"""Recipe `auto`: looks at vocabulary and corpus, picks recipe and sizes, and says why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from recommender.ml.examples import Example, label_counts
from recommender.ml.parts import ModelParts, TrainingTask
from recommender.ml.recipes import (
    AutoConfig,
    FusionConfig,
    LogisticConfig,
    config_as_json,
    config_from_json,
    recipe_named,
)

_FEWEST_DOCUMENTS, _FEWEST_DEV_TAGS = 60, 20
_RARE = 10  # documents
_DATED_SHARE = 0.95
_CHINESE_SHARE = 0.2  # of the letters

Reason = dict[str, Any]


@dataclass(frozen=True)
class CorpusFacts:
    """What the choice rests on; counts of the train part unless said otherwise."""

    n_documents: int  # with a tag
    n_dev_tags: int  # uses of tags in dev
    n_labels: int
    n_used_labels: int
    n_rare_labels: int  # used, but by fewer than ten documents
    n_with_parents: int
    dated: bool
    chinese: bool


@dataclass(frozen=True)
class Choice:
    """Recipe and settings, and what led to them."""

    recipe: str
    config: Any
    reasons: list[Reason]


def facts(task: TrainingTask) -> CorpusFacts:
    """Counts over the task's train and dev parts."""
    counts = label_counts(task.train, task.label_space.n_labels)
    dated = sum(example.published_at is not None for example in task.train)
    return CorpusFacts(
        n_documents=sum(bool(example.labels) for example in task.train),
        n_dev_tags=sum(len(example.labels) for example in task.dev),
        n_labels=task.label_space.n_labels,
        n_used_labels=int((counts > 0).sum()),
        n_rare_labels=int(((counts > 0) & (counts < _RARE)).sum()),
        n_with_parents=sum(bool(text.parents) for text in task.tag_texts),
        dated=dated >= _DATED_SHARE * max(len(task.train), 1),
        chinese=_mostly_chinese(task.train),
    )


def choose(task: TrainingTask) -> Choice:
    """Pick by rule; what is chosen searches on dev by itself."""
    config: AutoConfig = task.config
    known = facts(task)
    if known.n_documents < _FEWEST_DOCUMENTS or known.n_dev_tags < _FEWEST_DEV_TAGS:
        why = (
            f"{known.n_documents} tagged documents and {known.n_dev_tags} tags to check on are too few to learn how to "
            f"weigh several sources; {_FEWEST_DOCUMENTS} and {_FEWEST_DEV_TAGS} are wanted"
        )
        small = LogisticConfig(threads=config.threads)
        return Choice("tfidf-logreg", small, [_reason("recipe", "tfidf-logreg", why)])
    fusion = replace(config.fusion, threads=config.threads)
    reasons = _reasons(known, fusion)
    return Choice("fusion", fusion, reasons)


def fit(task: TrainingTask) -> ModelParts:
    """Train what was chosen; the report tells the choice."""
    choice = choose(task)
    parts = recipe_named(choice.recipe).fit(replace(task, config=choice.config))
    report = {"choice": choice.reasons} | dict(parts.report)
    return replace(_naming(parts, choice.recipe, config_as_json(choice.config)), report=report)


def refit(task: TrainingTask, fitted: ModelParts) -> ModelParts:
    """The same choice on more documents."""
    recipe, settings = chosen_recipe(fitted), fitted.settings["auto.config"]
    parts = recipe_named(recipe).refit(replace(task, config=config_from_json(recipe, settings)), fitted)
    return replace(_naming(parts, recipe, settings), report=fitted.report)


def chosen_recipe(parts: ModelParts) -> str:
    """The recipe that was picked."""
    return str(parts.settings["auto.recipe"])


def _naming(parts: ModelParts, recipe: str, config: Any) -> ModelParts:
    return replace(parts, settings=dict(parts.settings) | {"auto.recipe": recipe, "auto.config": config})


def _reasons(known: CorpusFacts, fusion: FusionConfig) -> list[Reason]:
    return [
        _reason(
            "recipe",
            "fusion",
            f"{known.n_documents} tagged documents are enough to learn how to weigh several sources of evidence",
        ),
        _reason(
            "folds",
            "forward in time" if known.dated else "whole groups",
            "the documents are dated: a model must not learn from the future"
            if known.dated
            else "the documents have no dates: siblings stay on one side",
        ),
        _reason(
            "regression",
            min(known.n_used_labels, fusion.ridge.max_labels),
            f"{known.n_used_labels} tags in use, {known.n_rare_labels} of them in fewer than {_RARE} documents; "
            f"at most {fusion.ridge.max_labels} get a regression of their own",
        ),
        _reason(
            "label trees",
            "yes" if known.n_labels > fusion.ridge.max_labels else "no",
            f"{known.n_labels} tags; trees are for more than {fusion.ridge.max_labels}",
        ),
        _reason(
            "words",
            "Chinese segmentation" if known.chinese else "words and word pairs",
            "most letters are Chinese" if known.chinese else "few letters are Chinese",
        ),
        _reason(
            "hierarchy",
            "in the tags' texts" if known.n_with_parents else "none",
            f"{known.n_with_parents} of {known.n_labels} tags have a broader tag",
        ),
    ]


def _reason(what: str, value: Any, why: str) -> Reason:
    return {"what": what, "value": value, "why": why}


def _mostly_chinese(examples: Sequence[Example]) -> bool:
    sample = examples[:: max(1, len(examples) // 200)]
    letters = "".join(example.text.title + example.text.body[:500] for example in sample)
    n_chinese = sum("\u4e00" <= letter <= "\u9fff" for letter in letters)
    return n_chinese > _CHINESE_SHARE * max(len(letters), 1)
