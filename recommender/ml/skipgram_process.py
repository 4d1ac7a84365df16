"""The child process that trains fastText vectors: `python -m recommender.ml.skipgram_process FOLDER`.

It reads `settings.json`, `corpus.txt` and `words.json` in FOLDER and leaves `words.npy` and `subwords.npy`
there. A process of its own can be cancelled, and fastText's memory goes back with it.
"""

import json
import sys
from pathlib import Path

import fasttext_pybind  # type: ignore[import-not-found]
import numpy as np


def main(folder: Path) -> None:
    """Train on the corpus and write the vectors of words and of subword buckets."""
    model = fasttext_pybind.fasttext()
    _train(model, folder)
    words = json.loads((folder / "words.json").read_text(encoding="utf-8"))
    dim = model.getArgs().dim
    np.save(folder / "words.npy", np.array([_vector(model, word, dim) for word in words], np.float32))
    n_known = len(model.getVocab("strict")[0])
    np.save(folder / "subwords.npy", np.array(model.getInputMatrix(), np.float32)[n_known:])


def _train(model: "fasttext_pybind.fasttext", folder: Path) -> None:
    """A corpus of a few words makes no pairs, and fastText divides its loss by none: vectors stay as begun."""
    try:
        fasttext_pybind.train(model, _arguments(folder))
    except RuntimeError as error:
        if "NaN" not in str(error):
            raise


def _arguments(folder: Path) -> "fasttext_pybind.args":
    arguments = fasttext_pybind.args()
    arguments.model = fasttext_pybind.model_name.skipgram
    arguments.loss = fasttext_pybind.loss_name.ns
    arguments.input = str(folder / "corpus.txt")
    arguments.pretrainedVectors = str(folder / "first.vec")
    for name, setting in json.loads((folder / "settings.json").read_text(encoding="utf-8")).items():
        setattr(arguments, name, setting)
    return arguments


def _vector(model: "fasttext_pybind.fasttext", word: str, dim: int) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    vector = fasttext_pybind.Vector(dim)
    model.getWordVector(vector, word)
    return np.array(vector, np.float32)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
