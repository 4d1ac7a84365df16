"""Two towers as a source: a text and the words of a tag in one space that was learnt from both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from recommender.ml.examples import FloatArray
from recommender.ml.fusion.pair_table import Document
from recommender.ml.fusion.scores import Scores
from recommender.ml.fusion.sparse_rows import Csr
from recommender.ml.parts import ModelParts, inner
from recommender.ml.tag_texts import TagText
from recommender.ml.two_towers import TwoTowers

TOWERS, TAGS = "towers", "tags"


@dataclass(frozen=True)
class TowersReader:
    """See Reader."""

    towers: TwoTowers
    tags: FloatArray  # (n_labels, dim)

    def scores(self, documents: Sequence[Document]) -> Mapping[str, Scores]:
        """Cosines of texts and tags."""
        return {TOWERS: Scores(self.towers.text_vectors([each.text for each in documents]) @ self.tags.T)}

    def with_tags(self, tag_texts: Sequence[TagText]) -> "TowersReader":
        """With more tags behind those it knows."""
        return replace(self, tags=np.concatenate([self.tags, self.towers.tag_vectors(tag_texts)]))

    @classmethod
    def of_parts(cls, parts: ModelParts, gold: Csr, threads: int) -> "TowersReader | None":
        """As they lie in a bundle; None where it has none."""
        own = inner(parts, TOWERS)
        return None if own is None else cls(TwoTowers(own), np.asarray(own.tensors[TAGS], np.float32))
