"""A real model of three tags, trained in a blink: what outer layers answer with in their tests."""

import random
import shutil
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings

from recommender import ml
from recommender.models import ModelVersion
from recommender.registry import promote
from tagplatform.taxonomy.models import Tag, TagLabel, Vocabulary
from tests.factories import TagFactory, VocabularyFactory

WORDS_BY_TAG = {
    "football": "goal striker referee penalty stadium league match",
    "cooking": "recipe oven butter onion simmer salt kitchen",
    "astronomy": "telescope galaxy orbit comet planet star nebula",
}
TAG_IDS = {name: uuid.UUID(int=(0x0197 << 112) + number) for number, name in enumerate(WORDS_BY_TAG)}
FOOTBALL_TEXT = "The striker scored a goal after the referee gave a penalty in a full stadium."


@dataclass(frozen=True)
class Newsroom:
    """A vocabulary with three tags, and the model that answers for it."""

    vocabulary: Vocabulary
    tags: dict[str, Tag]
    version: ModelVersion


def newsroom_with_model(folder: Path, *, slug: str = "newsroom") -> Newsroom:
    """Rows for the vocabulary, its tags and a champion whose bundle is trained once a session under `folder`."""
    vocabulary = VocabularyFactory(slug=slug)
    tags = {name: TagFactory(pk=pk, vocabulary=vocabulary, notation=name) for name, pk in TAG_IDS.items()}
    TagLabel.of(tags["football"], "soccer", language="en", kind=TagLabel.Kind.ALTERNATIVE).save()
    version = add_version(vocabulary, folder, number=1)
    promote(version=version, actor=None, reason="first")
    return Newsroom(vocabulary, tags, version)


def add_version(vocabulary: Vocabulary, folder: Path, *, number: int) -> ModelVersion:
    """A further version with the same bundle."""
    path = f"{vocabulary.slug}/{number}"
    shutil.copytree(_trained_bundle(folder), Path(settings.BUNDLES_DIR) / path)
    return ModelVersion.objects.create(
        vocabulary=vocabulary,
        number=number,
        recipe="tfidf-logreg",
        bundle_path=path,
        bundle_digest=ml.read_manifest(Path(settings.BUNDLES_DIR) / path).digest,
        n_documents=120,
        n_labels=3,
    )


@cache
def _trained_bundle(folder: Path) -> Path:
    trained = ml.train_ranker(
        "tfidf-logreg",
        train=_examples(40, seed=1),
        dev=_examples(12, seed=2),
        label_space=ml.LabelSpace(tuple(str(pk) for pk in TAG_IDS.values())),
        seed=1,
        on_progress=lambda stage, share: None,
    )
    ml.save_bundle(trained, folder / "bundle")
    return folder / "bundle"


def _examples(n_a_tag: int, *, seed: int) -> list[ml.Example]:
    dice = random.Random(seed)
    return [
        ml.Example(ml.Text("", " ".join(dice.choices(words.split(), k=12)), "en"), (label,))
        for label, words in enumerate(WORDS_BY_TAG.values())
        for _ in range(n_a_tag)
    ]
