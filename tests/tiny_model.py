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
from tagplatform.content.models import Document, Source, TagAssignment
from tagplatform.taxonomy.models import Tag, TagLabel, Vocabulary
from tests.factories import DocumentFactory, TagFactory, VocabularyFactory
from tests.threads import one_thread

WORDS_BY_TAG = {
    "football": "goal striker referee penalty stadium league match",
    "cooking": "recipe oven butter onion simmer salt kitchen",
    "astronomy": "telescope galaxy orbit comet planet star nebula",
}
COMPANIONS = ("live", "ticker")
"""Tags of every second document of the fusion's newsroom, whatever its text says."""

TAG_IDS = {name: uuid.UUID(int=(0x0197 << 112) + number) for number, name in enumerate((*WORDS_BY_TAG, *COMPANIONS))}
N_FUSED = 120
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
    tags = {name: TagFactory(pk=TAG_IDS[name], vocabulary=vocabulary, notation=name) for name in WORDS_BY_TAG}
    TagLabel.of(tags["football"], "soccer", language="en", kind=TagLabel.Kind.ALTERNATIVE).save()
    version = add_version(vocabulary, folder, number=1)
    promote(version=version, actor=None, reason="first")
    return Newsroom(vocabulary, tags, version)


def newsroom_with_fusion(folder: Path, *, source: Source, slug: str = "newsroom") -> Newsroom:
    """The same with a fusion that knows five tags and the documents of `source` that it has learnt from."""
    vocabulary = VocabularyFactory(slug=slug)
    tags = {name: TagFactory(pk=pk, vocabulary=vocabulary, notation=name) for name, pk in TAG_IDS.items()}
    by_label = list(tags.values())
    for example in _fused_examples():
        fields = {"title": example.text.title, "body": example.text.body, "external_id": example.group}
        document: Document = DocumentFactory(pk=uuid.UUID(example.document_id), source=source, **fields)
        TagAssignment.objects.bulk_create(
            TagAssignment(document=document, tag=by_label[label], origin="imported") for label in example.labels
        )
    version = _version(vocabulary, _fused_bundle(folder), number=1, recipe="fusion")
    promote(version=version, actor=None, reason="first")
    vocabulary.refresh_from_db()
    return Newsroom(vocabulary, tags, version)


def add_version(vocabulary: Vocabulary, folder: Path, *, number: int) -> ModelVersion:
    """A further version with the same bundle."""
    return _version(vocabulary, _trained_bundle(folder), number=number, recipe="tfidf-logreg")


def _version(vocabulary: Vocabulary, bundle: Path, *, number: int, recipe: str) -> ModelVersion:
    path = f"{vocabulary.slug}/{number}"
    shutil.copytree(bundle, Path(settings.BUNDLES_DIR) / path)
    manifest = ml.read_manifest(Path(settings.BUNDLES_DIR) / path)
    return ModelVersion.objects.create(
        vocabulary=vocabulary,
        number=number,
        recipe=recipe,
        bundle_path=path,
        bundle_digest=manifest.digest,
        n_documents=120,
        n_labels=len(manifest.label_space.tag_ids),
    )


@cache
def _trained_bundle(folder: Path) -> Path:
    trained = ml.train_ranker(
        "tfidf-logreg",
        train=_examples(40, seed=1),
        dev=_examples(12, seed=2),
        label_space=ml.LabelSpace(tuple(str(TAG_IDS[name]) for name in WORDS_BY_TAG)),
        seed=1,
        on_progress=lambda stage, share: None,
    )
    ml.save_bundle(trained, folder / "bundle")
    return folder / "bundle"


@cache
def _fused_bundle(folder: Path) -> Path:
    settings = {"threads": 1, "crossfit_folds": 2, "boosting": {"n_trees": 40, "smallest_leaf": 4}}
    examples = _fused_examples()
    with one_thread():
        trained = ml.train_ranker(
            "fusion",
            train=examples[: N_FUSED * 3 // 4],
            dev=examples[N_FUSED * 3 // 4 :],
            label_space=ml.LabelSpace(tuple(str(pk) for pk in TAG_IDS.values())),
            config=ml.config_from_json("fusion", settings),
            seed=1,
            on_progress=lambda stage, share: None,
            tag_texts=[ml.TagText(name) for name in TAG_IDS],
        )
        trained = ml.refit_ranker(trained, examples, on_progress=lambda stage, share: None)
    ml.save_bundle(trained, folder / "fused")
    return folder / "fused"


def _fused_examples() -> list[ml.Example]:
    dice = random.Random(3)
    companions = tuple(range(len(WORDS_BY_TAG), len(TAG_IDS)))
    examples = []
    for number in range(N_FUSED):
        label = number % len(WORDS_BY_TAG)
        words = list(WORDS_BY_TAG.values())[label].split()
        text = ml.Text(" ".join(dice.sample(words, 2)).capitalize(), " ".join(dice.choices(words, k=12)), "en")
        labels = (label, *(companions if dice.random() < 0.5 else ()))
        document_id = str(uuid.UUID(int=(0x0198 << 112) + number))
        examples.append(ml.Example(text, labels, document_id, group=f"fused-{number}"))
    return examples


def _examples(n_a_tag: int, *, seed: int) -> list[ml.Example]:
    dice = random.Random(seed)
    return [
        ml.Example(ml.Text("", " ".join(dice.choices(words.split(), k=12)), "en"), (label,))
        for label, words in enumerate(WORDS_BY_TAG.values())
        for _ in range(n_a_tag)
    ]
