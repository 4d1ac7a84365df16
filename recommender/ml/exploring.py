"""Which tag to try out beside the best ones, and how probable that choice was, so that it can be weighed later."""

from dataclasses import dataclass

import numpy as np

from recommender.ml.examples import FloatArray


@dataclass(frozen=True)
class Trial:
    """The place of the chosen candidate, and its propensity: the probability that just this one was to be tried."""

    place: int
    propensity: float


def drawn_trial(seed: int, *, share: float, chances: FloatArray) -> Trial | None:
    """One candidate in `share` of all draws, the likelier the more probable it is; the same for the same seed.

    `chances` (n_candidates,) are probabilities of the candidates. Logging the propensity is what inverse propensity
    scoring needs (Horvitz and Thompson, 1952; Schnabel et al., ICML 2016).
    """
    if share <= 0 or len(chances) == 0 or not np.any(chances > 0):
        return None
    dice = np.random.default_rng(seed)
    if dice.random() >= share:
        return None
    weights = np.asarray(chances, np.float64) / float(np.sum(chances, dtype=np.float64))
    place = int(dice.choice(len(weights), p=weights))
    return Trial(place, float(share * weights[place]))
