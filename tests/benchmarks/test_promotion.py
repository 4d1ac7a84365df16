"""When a process counts as having followed a promotion."""

from benchmarks.promotion import Answered, followed


def answers(*rows: tuple[float, str, str]) -> list[Answered]:
    """Of (moment, process, version)."""
    return [Answered(done - 0.01, done, process, version, degraded=False) for done, process, version in rows]


def test_a_process_has_followed_with_its_first_answer_after_the_last_old_one() -> None:
    given = answers(
        (1.0, "a", "old"), (2.0, "a", "new"), (3.0, "a", "old"), (4.0, "a", "new"), (5.0, "a", "new"),
        (6.0, "a", "new"), (1.5, "b", "new"), (2.5, "b", "new"), (3.5, "b", "new"),
    )  # fmt: skip

    assert sorted(followed(given, "new", 2) or []) == [1.5, 4.0]


def test_until_all_have_answered_several_times_nobody_knows() -> None:
    given = answers((1.0, "a", "new"), (2.0, "a", "new"), (3.0, "a", "new"), (1.0, "b", "new"), (2.0, "b", "new"))

    assert followed(given, "new", 2) is None
    assert followed(given, "new", 3) is None
    assert followed([each for each in given if each.process == "a"], "new", 1) == [1.0]
