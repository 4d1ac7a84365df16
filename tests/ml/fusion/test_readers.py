"""Sources that read texts in their own way: the encoder of a tiny checkpoint made here, and the two towers."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recommender.ml import (
    LabelSpace,
    Text,
    TrainedRanker,
    open_bundle,
    refit_ranker,
    save_bundle,
    train_ranker,
    widened,
)
from recommender.ml.auto import choose
from recommender.ml.configs import AutoConfig, FusionConfig, TransformerConfig
from recommender.ml.errors import ConfigInvalid
from recommender.ml.examples import FloatArray
from recommender.ml.fusion.config import BoostingConfig, EmbeddingConfig
from recommender.ml.fusion.corpus import corpus_of
from recommender.ml.fusion.embedding import as_text, kernel
from recommender.ml.fusion.embedding_training import fit_regression
from recommender.ml.fusion.pair_table import Document, PairTable, as_if_unseen
from recommender.ml.fusion.scored_sources import COLUMN, FEATURES_BY_PART, SCORED_BY_NAME
from recommender.ml.fusion.scorer import FusionScorer
from recommender.ml.fusion.sparse_rows import above
from recommender.ml.parts import TrainingTask
from recommender.ml.tag_texts import TagText
from recommender.ml.text import tokenise
from tests.ml.conftest import silent
from tests.ml.fusion.newsroom import LABEL_SPACE, NAMES, TAG_TEXTS, TOPICS, examples
from tests.ml.tiny_bert import SPECIAL, tiny_weights, write_checkpoint

WORDS = sorted({word for e in examples() for word in f"{e.text.title} {e.text.body}".lower().split()} | {*NAMES, ","})
ENCODER_GRAPH = "encoder_bert.onnx"
QUICK = FusionConfig(boosting=BoostingConfig(n_trees=30), crossfit_folds=2, search=False, threads=1)
TEXT = Text("The striker and the referee", "A goal in the league after a penalty; the coach was glad in the stadium.")


def train_with(config: FusionConfig) -> TrainedRanker:
    documents = examples()
    return train_ranker(
        "fusion",
        train=documents[:120],
        dev=documents[120:],
        label_space=LABEL_SPACE,
        config=config,
        seed=1,
        on_progress=silent,
        tag_texts=TAG_TEXTS,
    )


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint")
    write_checkpoint(folder, [*SPECIAL, *WORDS], topical_weights())
    return folder


def topical_weights() -> dict[str, FloatArray]:
    """An encoder to which words of one topic are the same and all other words are nothing."""
    weights = {
        name: values * np.float32(0.05) if values.ndim > 1 else values
        for name, values in tiny_weights(n_pieces=len(SPECIAL) + len(WORDS)).items()
    }
    table = weights["embeddings.word_embeddings.weight"]
    for axis, (topic, words) in enumerate(TOPICS.items()):
        table[[len(SPECIAL) + WORDS.index(word) for word in (topic, *words.split())], axis] = 3.0
    return weights


def with_encoder(checkpoint: Path) -> FusionConfig:
    encoder = TransformerConfig(source=str(checkpoint), max_tokens=32, threads=1)
    return replace(QUICK, encoder=encoder, embedding=EmbeddingConfig(landmarks=50))


@pytest.fixture(scope="module")
def encoded(checkpoint: Path) -> TrainedRanker:
    return train_with(with_encoder(checkpoint))


@pytest.fixture(scope="module")
def towered() -> TrainedRanker:
    return train_with(replace(QUICK, two_towers="yes", crossfit_folds=0))


def pairs_of(trained: TrainedRanker) -> PairTable:
    scorer = trained.ranker.scorer
    assert isinstance(scorer, FusionScorer)
    later = examples(180)[160:]
    return scorer.features.table([Document(e.text, tokenise(e.text, max_tokens=2000)) for e in later])


def column(table: PairTable, source: str) -> np.ndarray:
    return table.features[:, COLUMN[SCORED_BY_NAME[source].value]]


def test_without_a_reader_its_columns_are_empty_and_the_bundle_has_no_graph_for_it(fusion: TrainedRanker) -> None:
    table = pairs_of(fusion)

    columns = [COLUMN[name] for part in ("encoder", "two towers") for name in FEATURES_BY_PART[part]]
    assert np.isnan(table.features[:, columns]).all()
    assert ENCODER_GRAPH not in fusion.parts.graphs


def test_an_encoder_scores_tags_with_documents_and_by_their_texts_all_tags(encoded: TrainedRanker) -> None:
    table = pairs_of(encoded)

    used = np.isin(table.labels, [label for example in examples()[:120] for label in example.labels])
    assert not np.isnan(column(table, "embedding regression")[used]).any()
    assert np.isnan(column(table, "embedding regression")[~used]).all()
    assert np.abs(column(table, "embedding tag texts")).max() <= 1 + 1e-3
    assert not np.isnan(column(table, "embedding tag texts")).any()


def test_the_regression_on_the_vectors_knows_the_tags(encoded: TrainedRanker) -> None:
    table, later = pairs_of(encoded), examples(180)[160:]

    scores = column(table, "embedding regression")
    gold = np.array(
        [label in later[row].labels for row, label in zip(table.rows.tolist(), table.labels.tolist(), strict=True)]
    )
    topics = table.labels < len(TOPICS)
    assert np.nanmean(scores[gold & topics]) > np.nanmean(scores[~gold & topics]) + 0.1


def test_a_hidden_tag_shows_of_the_encoder_only_the_likeness_of_its_text(encoded: TrainedRanker) -> None:
    table = pairs_of(encoded)
    hidden = np.arange(len(NAMES)) == NAMES.index("football")

    features, places = as_if_unseen(table, hidden)

    assert len(places) > 0
    assert np.isnan(features[:, COLUMN["regression on the embedding"]]).all()
    assert (features[:, COLUMN["vote of nearest embeddings"]] == 0).all()
    likeness = COLUMN["embedding's similarity to the tag's text"]
    assert (features[:, likeness] == table.features[places, likeness]).all()


@pytest.mark.parametrize("kind", ["encoded", "towered"])
def test_a_bundle_with_readers_answers_like_the_model_in_memory(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    trained: TrainedRanker = request.getfixturevalue(kind)
    save_bundle(trained, tmp_path / "bundle")

    ranker = open_bundle(tmp_path / "bundle")

    texts = [example.text for example in examples()[:20]]
    assert ranker.logits(texts) == pytest.approx(trained.ranker.logits(texts), abs=0.05)


def test_the_same_seed_gives_the_same_bundle(encoded: TrainedRanker, checkpoint: Path, tmp_path: Path) -> None:
    first = save_bundle(encoded, tmp_path / "first")

    again = save_bundle(train_with(with_encoder(checkpoint)), tmp_path / "again")

    assert first.digest == again.digest


def test_a_batch_says_what_single_texts_say_with_an_encoder(encoded: TrainedRanker) -> None:
    texts = [example.text for example in examples()[:12]]

    together = encoded.ranker.logits(texts)

    alone = np.concatenate([encoded.ranker.logits([text]) for text in texts])
    assert together == pytest.approx(alone, abs=1e-3)


def test_an_encoder_still_leaves_words_that_explain(encoded: TrainedRanker) -> None:
    words = encoded.ranker.scorer.word_contributions(TEXT, NAMES.index("football"))

    strongest = sorted(words, key=lambda word: -words[word])[:3]
    assert set(strongest) & {*TOPICS["football"].split()}


def test_a_refitted_fusion_keeps_its_encoder_and_reads_the_new_documents(encoded: TrainedRanker) -> None:
    documents = examples(200)

    again = refit_ranker(encoded, documents, on_progress=silent)

    assert again.parts.graphs[ENCODER_GRAPH] == encoded.parts.graphs[ENCODER_GRAPH]
    assert len(again.parts.tensors["encoder.documents"]) == 200


@pytest.mark.parametrize("kind", ["encoded", "towered"])
def test_a_tag_added_after_training_is_read_by_all_readers(kind: str, request: pytest.FixtureRequest) -> None:
    trained: TrainedRanker = request.getfixturevalue(kind)
    wider = LabelSpace((*NAMES, "beekeeping"))

    scorer = widened(trained.ranker, wider, [TagText("beekeeping", ("stadium",))]).scorer

    assert isinstance(scorer, FusionScorer)
    text = Text("Beekeeping in the stadium", "Beekeeping in the stadium.")
    table = scorer.features.table([Document(text, tokenise(text, max_tokens=2000))])
    source = "embedding tag texts" if kind == "encoded" else "towers"
    assert not np.isnan(column(table, source)[table.labels == len(NAMES)]).any()
    assert len(NAMES) in table.labels


def test_a_bundle_with_an_encoder_is_served_without_torch(encoded: TrainedRanker, tmp_path: Path) -> None:
    save_bundle(encoded, tmp_path / "bundle")
    code = (
        "import sys; from pathlib import Path; from recommender.ml import Text, open_bundle; "
        f"open_bundle(Path({str(tmp_path / 'bundle')!r})).rank([Text('A goal', '')], limit=3); "
        "print([name for name in ('torch', 'sklearn', 'transformers', 'onnx') if name in sys.modules])"
    )

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert printed.strip() == "[]"


def test_with_a_landmark_a_document_the_regression_is_that_of_the_whole_kernel() -> None:
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(12, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    documents = examples(12)
    corpus = corpus_of(documents, above(vectors, 0.0), len(NAMES))
    labels = np.flatnonzero(corpus.counts > 0)

    regression = fit_regression(corpus, vectors, labels, EmbeddingConfig(landmarks=100, penalty=0.5))

    gram, gold = kernel(vectors, vectors, 2.0), corpus.gold.toarray()[:, labels]
    expected = gram @ np.linalg.solve(gram + 0.5 * np.eye(12), gold - gold.mean(axis=0)) + gold.mean(axis=0)
    assert regression.scores(vectors) == pytest.approx(expected, abs=0.02)


def test_of_a_tag_an_encoder_reads_names_in_plain_words_and_the_definition() -> None:
    tag = TagText("works-with::text", ("written-word",), "What is read.")

    text = as_text(tag)

    assert text == Text("works with text, written word", "What is read.")


def test_towers_score_every_tag(towered: TrainedRanker) -> None:
    table = pairs_of(towered)

    assert not np.isnan(column(table, "towers")).any()
    assert np.abs(column(table, "towers")).max() <= 1 + 1e-3


def test_an_unknown_answer_about_towers_and_a_missing_encoder_are_refused_by_name() -> None:
    with pytest.raises(ConfigInvalid, match="two_towers"):
        train_with(replace(QUICK, two_towers="maybe"))  # type: ignore[arg-type]
    with pytest.raises(ConfigInvalid, match="no-such-package"):
        train_with(replace(QUICK, encoder=TransformerConfig(source="no-such-package")))


@pytest.mark.parametrize(("body", "source"), [("people said", "some-package"), ("训练神经网络深度学习模型" * 20, "")])
def test_auto_takes_the_encoder_but_not_for_chinese(body: str, source: str) -> None:
    documents = [replace(e, text=Text(e.text.title, f"{e.text.body} {body}")) for e in examples()]
    task = TrainingTask(documents[:120], documents[120:], LABEL_SPACE, AutoConfig(encoder="some-package"), 1, silent)

    choice = choose(task)

    assert choice.config.encoder.source == source
    assert {reason["what"]: reason["value"] for reason in choice.reasons}["encoder"] == (source or "none")
