"""A made-up newsroom: dated documents whose tags follow from their words, from a seed."""

import numpy as np

from recommender.ml import Example, LabelSpace, Text
from recommender.ml.tag_texts import TagText

TOPICS = {
    "football": "goal striker league penalty referee stadium coach transfer",
    "cycling": "bicycle climb sprint peloton mountain stage saddle descent",
    "elections": "ballot parliament candidate vote campaign poll coalition seat",
    "economy": "inflation market bank interest growth export wages budget",
    "health": "hospital vaccine doctor patient nurse clinic therapy virus",
    "climate": "carbon emission glacier warming drought solar flood energy",
    "film": "director actor festival premiere screen script camera scene",
    "space": "rocket orbit satellite astronaut launch moon telescope planet",
}
SPORT = "sport"  # goes with football and cycling
UNUSED = "archaeology"  # no document bears it, but its name may stand in a text
EVENTS = (
    *("amber", "basalt", "cobalt", "dolomite", "emerald", "fluorite"),
    *("garnet", "hematite", "indigo", "jasper", "kyanite", "lazurite"),
)
NAMES = (*TOPICS, SPORT, UNUSED, *EVENTS)
LABEL_SPACE = LabelSpace(NAMES)
TAG_TEXTS = tuple(TagText(name, parents=("games",) if name in ("football", "cycling") else ()) for name in NAMES)
_FILLER = "the people said on monday that new plans were made for town house street road".split()  # noqa: SIM905


def examples(n: int = 160, seed: int = 0) -> list[Example]:
    """Documents with one or two topics each, a day apart, oldest first; one tag in fifteen is missing or wrong.

    Every fortnight there is a new event with a name of its own, that most texts about it have in them.
    """
    rng = np.random.default_rng(seed)
    return [_example(number, rng) for number in range(n)]


def _example(number: int, rng: np.random.Generator) -> Example:
    chosen = rng.choice(len(TOPICS), 1 + int(rng.random() < 0.4), replace=False).tolist()
    words = [str(rng.choice(TOPICS[NAMES[topic]].split())) for topic in chosen for _ in range(rng.integers(2, 6))]
    words += [NAMES[topic] for topic in chosen if rng.random() < 0.4]
    words += [str(word) for word in rng.choice(_FILLER, 20)]
    title = str(rng.choice(TOPICS[NAMES[chosen[0]]].split()))
    labels = {label if rng.random() > 1 / 15 else int(rng.integers(len(TOPICS))) for label in chosen}
    if labels & {NAMES.index("football"), NAMES.index("cycling")}:
        labels.add(NAMES.index(SPORT))
    if rng.random() < 0.3:
        event = EVENTS[number // 14 % len(EVENTS)]
        words += [event] * int(rng.random() < 0.9)
        labels.add(NAMES.index(event))
    rng.shuffle(words)
    text = Text(f"About the {title}", " ".join(words))
    return Example(text, tuple(sorted(labels)), f"doc-{number}", published_at=86400.0 * number)
