"""Simulated editors: what they look at, accept, reject, type and forget. Pure, and the same in every arm.

Each chance is drawn from seed, document and purpose alone, not from a stream: two arms that show the same document with
different suggestions meet the same editor in the same mood, so that their figures can be compared in pairs.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

_DRAW_BYTES = 8


@dataclass(frozen=True)
class Habits:
    """Chances of what an editor does; chosen before the first run and the same for all arms.

    A suggestion at rank r is looked at with r^-`examination_exponent`. Who `ignores_list` types everything; who
    `stops_early` looks at no more than `early_ranks` and types one tag at most.
    """

    n_editors: int = 8
    examination_exponent: float = 0.35
    ignores_list: float = 0.1
    stops_early: float = 0.15
    early_ranks: int = 3
    accepts_wrong: float = 0.02
    rejects_right: float = 0.02
    rejects_wrong: float = 0.25
    forgets: float = 0.1
    blind_share: float = 0.1


@dataclass(frozen=True)
class Handling:
    """What an editor did with a document; all are names of tags, `accepted` and `rejected` in the order shown."""

    accepted: tuple[str, ...]
    rejected: tuple[str, ...]
    typed: tuple[str, ...]

    @property
    def final_tags(self) -> tuple[str, ...]:
        """What the document bears in the end."""
        return (*self.accepted, *self.typed)


@dataclass(frozen=True)
class Editors:
    """All the editors of one replay."""

    habits: Habits
    seed: int

    def editor_of(self, document_id: str) -> int:
        """Who gets the document, from 0."""
        return int(self._draw(document_id, "editor") * self.habits.n_editors)

    def tags_blind(self, document_id: str) -> bool:
        """Whether it is tagged before anybody asks for suggestions."""
        return self._draw(document_id, "blind") < self.habits.blind_share

    def handle_blind(self, document_id: str, true_tags: Sequence[str]) -> Handling:
        """Everything is typed, but for what is forgotten."""
        return Handling((), (), self._typed(document_id, true_tags))

    def handle(self, document_id: str, true_tags: Sequence[str], suggested: Sequence[str]) -> Handling:
        """`suggested` are what is shown, best first."""
        seen = self._looked_at(document_id, suggested)
        accepted = tuple(tag for tag in seen if self._accepts(document_id, tag, is_right=tag in true_tags))
        rejected = tuple(
            tag for tag in seen if tag not in accepted and self._rejects(document_id, tag, is_right=tag in true_tags)
        )
        missing = [tag for tag in true_tags if tag not in accepted and tag not in rejected]
        typed = self._typed(document_id, missing)
        return Handling(accepted, rejected, typed[:1] if self._is_early(document_id) else typed)

    def _looked_at(self, document_id: str, suggested: Sequence[str]) -> list[str]:
        if self._draw(document_id, "ignores the list") < self.habits.ignores_list:
            return []
        end = self.habits.early_ranks if self._is_early(document_id) else len(suggested)
        return [
            tag
            for rank, tag in enumerate(suggested[:end], start=1)
            if self._draw(document_id, f"looks at {rank}") < rank**-self.habits.examination_exponent
        ]

    def _is_early(self, document_id: str) -> bool:
        return self._draw(document_id, "stops early") < self.habits.stops_early

    def _accepts(self, document_id: str, tag: str, *, is_right: bool) -> bool:
        if is_right:
            return self._draw(document_id, f"slips at {tag}") >= self.habits.rejects_right
        return self._draw(document_id, f"slips at {tag}") < self.habits.accepts_wrong

    def _rejects(self, document_id: str, tag: str, *, is_right: bool) -> bool:
        """What is not accepted: a right one by mistake, a wrong one if he takes the trouble."""
        return is_right or self._draw(document_id, f"rejects {tag}") < self.habits.rejects_wrong

    def _typed(self, document_id: str, tags: Sequence[str]) -> tuple[str, ...]:
        return tuple(tag for tag in tags if self._draw(document_id, f"forgets {tag}") >= self.habits.forgets)

    def _draw(self, document_id: str, purpose: str) -> float:
        """Uniform in [0, 1)."""
        key = "\x00".join((str(self.seed), document_id, purpose))
        digest = hashlib.blake2b(key.encode(), digest_size=_DRAW_BYTES).digest()
        return int.from_bytes(digest, "big") / 2.0 ** (8 * _DRAW_BYTES)
