"""The stages of a training in the reader's language."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation import override

from recommender.reports.time_spent import chapter_times
from recommender.stage_names import NAMES, stage_in_words

TOLD = re.compile(r'progress\(\s*"(?P<stage>[^"]+)"')


def test_every_stage_that_training_tells_of_has_a_name() -> None:
    sources = (Path(settings.BASE_DIR) / "recommender").rglob("*.py")
    told = {found["stage"] for source in sources for found in TOLD.finditer(source.read_text(encoding="utf-8"))}

    with override("en"):
        named = {str(name) for name in NAMES}

    assert len(told) > 10
    assert told - named == set()


@pytest.mark.parametrize(
    ("stage", "words"),
    [("reading texts", "读取文本"), ("training, epoch 2 of 6", "训练，第 2 轮，共 6 轮"), ("", ""), ("other", "other")],
)
def test_stages_are_read_in_chinese(stage: str, words: str) -> None:
    with override("zh-hans"):
        assert stage_in_words(stage) == words


def test_the_table_of_times_names_them_too() -> None:
    row = {"chapter": "twin", "stage": "fitting tags", "seconds": 2.0, "cpu_seconds": 1.0}

    with override("zh-hans"):
        (chapter,) = chapter_times({"time_spent": [row]})

    assert [stage.name for stage in chapter.stages] == ["拟合标签"]
