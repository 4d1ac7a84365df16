"""Skip-gram vectors of the platform's own words, trained by fastText in a child process."""

import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from recommender.ml.child_process import ChildFailed, run_module
from recommender.ml.errors import VectorsFailed
from recommender.ml.examples import FloatArray

_N_FIRST_VALUES = 1024
_ZEROED_MEMORY = {"MALLOC_PERTURB_": "255"}  # glibc clears what it gives out, which fastText forgets to do
_PROGRESS = re.compile(rb"Progress:\s*([0-9.]+)%")


@dataclass(frozen=True)
class SkipgramConfig:
    """Settings under fastText's own meaning; more than one thread is quicker and not repeatable."""

    dim: int = 128
    window: int = 5
    epochs: int = 3
    negatives: int = 3
    min_count: int = 2
    shortest_subword: int = 3
    longest_subword: int = 5
    buckets: int = 50_000
    learning_rate: float = 0.05
    subsampling: float = 1e-4
    threads: int = 1


@dataclass(frozen=True)
class WordVectors:
    """Vectors of the words asked for, shape (n_words, dim), and of the subword buckets (n_buckets, dim)."""

    words: FloatArray
    subwords: FloatArray


def train_word_vectors(
    documents: Sequence[Sequence[str]],
    words: Sequence[str],
    config: SkipgramConfig,
    *,
    seed: int,
    on_progress: Callable[[float], None],
) -> WordVectors:
    """Train on token sequences; an exception raised by `on_progress` ends the child and comes out.

    Raises VectorsFailed with fastText's last words when the child fails.
    """
    if not any(documents):
        return WordVectors(
            np.zeros((len(words), config.dim), np.float32), np.zeros((config.buckets, config.dim), np.float32)
        )
    with tempfile.TemporaryDirectory(prefix="skipgram-") as name:
        folder = Path(name)
        _write_input(folder, documents, words, _fasttext_settings(config, seed))
        _write_first_vectors(folder / "first.vec", documents, config, np.random.default_rng(seed))
        try:
            run_module(
                "recommender.ml.skipgram_process",
                folder,
                fraction_done=_fraction,
                on_progress=on_progress,
                environment=_ZEROED_MEMORY,
            )
        except ChildFailed as error:
            raise VectorsFailed(f"fastText {error}") from error
        vectors = WordVectors(np.load(folder / "words.npy"), np.load(folder / "subwords.npy"))
    if not (np.isfinite(vectors.words).all() and np.isfinite(vectors.subwords).all()):
        raise VectorsFailed("the vectors diverged; train again with a lower learning rate")
    return vectors


def _write_input(
    folder: Path, documents: Sequence[Sequence[str]], words: Sequence[str], settings: dict[str, float]
) -> None:
    with (folder / "corpus.txt").open("w", encoding="utf-8") as lines:
        lines.writelines(" ".join(tokens) + "\n" for tokens in documents)
    (folder / "words.json").write_text(json.dumps(list(words)), encoding="utf-8")
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")


def _write_first_vectors(
    path: Path, documents: Sequence[Sequence[str]], config: SkipgramConfig, rng: np.random.Generator
) -> None:
    """Where each word starts, in fastText's text form.

    With one thread fastText draws random numbers for the first tenth of its table alone.
    """
    counts = Counter(word for tokens in documents for word in tokens)
    words = [word for word, n in counts.items() if n >= config.min_count]
    numbers = [f"{value:.5f}" for value in np.linspace(-1.0 / config.dim, 1.0 / config.dim, _N_FIRST_VALUES)]
    with path.open("w", encoding="utf-8") as lines:
        lines.write(f"{len(words)} {config.dim}\n")
        for word in words:
            row = rng.integers(0, _N_FIRST_VALUES, config.dim).tolist()
            lines.write(f"{word} {' '.join([numbers[place] for place in row])}\n")


def _fasttext_settings(config: SkipgramConfig, seed: int) -> dict[str, float]:
    mine = asdict(config)
    names = {
        "dim": "dim",
        "window": "ws",
        "epochs": "epoch",
        "negatives": "neg",
        "min_count": "minCount",
        "shortest_subword": "minn",
        "longest_subword": "maxn",
        "buckets": "bucket",
        "learning_rate": "lr",
        "subsampling": "t",
        "threads": "thread",
    }
    return {theirs: mine[ours] for ours, theirs in names.items()} | {"seed": seed, "verbose": 2}


def _fraction(output: bytes) -> float:
    seen = _PROGRESS.findall(output)
    return min(float(seen[-1]) / 100, 1.0) if seen else 0.0
