"""Recipe `auto`: looks at vocabulary and corpus, picks recipe and sizes, and says why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from recommender.ml.configs import AutoConfig, FusionConfig, LogisticConfig, TransformerConfig
from recommender.ml.examples import Example, label_counts
from recommender.ml.fusion.network_source import network_reason
from recommender.ml.parts import ModelParts, Obstacle, TrainingTask
from recommender.ml.recipes import config_from_json, recipe_named
from recommender.ml.settings_json import config_as_json

_FEWEST_DOCUMENTS, _FEWEST_DEV_TAGS = 60, 20
_RARE = 10  # documents
_DATED_SHARE = 0.95
_CHINESE_SHARE = 0.2  # of the letters
_WHY_NETWORK = "many documents for each tag: there the network is the best single source, and dev can weigh it"

Reason = dict[str, Any]


@dataclass(frozen=True)
class CorpusFacts:
    """What the choice rests on; counts of the train part unless said otherwise."""

    n_documents: int  # with a tag
    n_dev_tags: int  # uses of tags in dev
    n_dev_documents: int  # with a tag
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
        n_dev_documents=sum(bool(example.labels) for example in task.dev),
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
    fusion = replace(config.fusion, threads=config.threads, encoder=_encoder(config, known))
    reasons = _reasons(known, fusion)
    return Choice("fusion", fusion, reasons)


def _encoder(config: AutoConfig, known: CorpusFacts) -> TransformerConfig:
    """None for Chinese: the checkpoints that can be served know next to none of its words."""
    wanted = config.encoder or config.fusion.encoder.source
    return replace(config.fusion.encoder, source="" if known.chinese else wanted, threads=config.threads)


def fit(task: TrainingTask) -> ModelParts:
    """Train what was chosen; the report tells the choice."""
    choice = choose(task)
    parts = recipe_named(choice.recipe).fit(replace(task, config=choice.config))
    report = {"choice": choice.reasons} | dict(parts.report)
    return replace(_naming(parts, choice.recipe, config_as_json(choice.config)), report=report)


def refit(task: TrainingTask, fitted: ModelParts) -> ModelParts:
    """The same choice on more documents."""
    recipe, config = chosen_recipe(fitted), _chosen_config(fitted)
    parts = recipe_named(recipe).refit(replace(task, config=config), fitted)
    return replace(_naming(parts, recipe, config_as_json(config)), report=fitted.report)


def obstacle(task: TrainingTask, parent: ModelParts) -> Obstacle | None:
    """ "choice" where another recipe would be picked today, else that of the recipe that was picked."""
    if choose(task).recipe != chosen_recipe(parent):
        return "choice"
    own = replace(task, config=_chosen_config(parent))
    return recipe_named(chosen_recipe(parent)).obstacle(own, parent)


def update(task: TrainingTask, parent: ModelParts) -> ModelParts:
    """The choice stands; what was picked is updated."""
    recipe, config = chosen_recipe(parent), _chosen_config(parent)
    parts = recipe_named(recipe).update(replace(task, config=config), parent)
    return replace(_naming(parts, recipe, config_as_json(config)), report=parent.report)


def chosen_recipe(parts: ModelParts) -> str:
    """The recipe that was picked."""
    return str(parts.settings["auto.recipe"])


def _chosen_config(parts: ModelParts) -> Any:
    return config_from_json(chosen_recipe(parts), parts.settings["auto.config"])


def _naming(parts: ModelParts, recipe: str, config: Any) -> ModelParts:
    return replace(parts, settings=dict(parts.settings) | {"auto.recipe": recipe, "auto.config": config})


def _reasons(known: CorpusFacts, fusion: FusionConfig) -> list[Reason]:
    without_network = network_reason(fusion, n_dev_documents=known.n_dev_documents, n_used_labels=known.n_used_labels)
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
        _reason("network", "no" if without_network else "yes", without_network or _WHY_NETWORK),
        _reason(
            "words",
            "Chinese segmentation" if known.chinese else "words and word pairs",
            "most letters are Chinese" if known.chinese else "few letters are Chinese",
        ),
        _reason(
            "encoder",
            fusion.encoder.source or "none",
            "vectors of texts and tags are further sources"
            if fusion.encoder.source
            else "none is set, or most letters are Chinese, which it does not know",
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
