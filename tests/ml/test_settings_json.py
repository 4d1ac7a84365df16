"""Settings from JSON: choices, optional values and lists, and what is said of values that do not fit."""

import re
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pytest

from recommender.ml.errors import ConfigInvalid
from recommender.ml.settings_json import built, check_choices, config_as_json


@dataclass(frozen=True)
class Inner:
    """A group of settings."""

    mode: Literal["fast", "thorough"] = "fast"


@dataclass(frozen=True)
class Outer:
    """Settings of every type."""

    inner: Inner = field(default_factory=Inner)
    level: Literal[1, 2] = 1
    limit: int | None = None
    way: Literal["up", "down"] | None = None
    widths: tuple[float, ...] = (0.5,)


CHANGES: dict[str, Any] = {
    "inner": {"mode": "thorough"}, "level": 2, "limit": 5, "way": "down", "widths": [1, 2.5],
}  # fmt: skip


def test_settings_of_every_type_survive_json() -> None:
    config = built(Outer, CHANGES)

    again = built(Outer, config_as_json(config))

    assert config == again == Outer(Inner("thorough"), 2, 5, "down", (1.0, 2.5))
    assert built(Outer, {"limit": None, "way": None}) == Outer()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"inner": {"mode": "slow"}}, "mode is one of fast, thorough; not 'slow'"),
        ({"level": True}, "level is one of 1, 2; not True"),
        ({"level": "1"}, "level is one of 1, 2; not '1'"),
        ({"limit": "many"}, "limit is int, not 'many'; or nothing"),
        ({"way": "left"}, "way is one of up, down; not 'left'; or nothing"),
        ({"widths": "wide"}, "widths is a list of float, not 'wide'"),
        ({"widths": [1, "wide"]}, "widths is a list of float, not [1, 'wide']"),
    ],
)
def test_a_value_that_does_not_fit_is_told_with_what_would(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigInvalid, match=f"^{re.escape(said)}$"):
        built(Outer, wrong)


def test_choices_of_settings_made_in_code_are_checked_too() -> None:
    inner: Any = Inner()
    wrong = Outer(replace(inner, mode="slow"))

    check_choices(Outer())
    with pytest.raises(ConfigInvalid, match="fast, thorough"):
        check_choices(wrong)
