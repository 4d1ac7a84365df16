"""The replay's page and its real changes, on figures and events small enough to check by hand."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.compare.documents import write_rows
from benchmarks.replaying.attack import attacked_tags
from benchmarks.replaying.calendar import dated_documents
from benchmarks.replaying.changes import Sampling, history_of
from benchmarks.replaying.charts import chart
from benchmarks.replaying.report import answers, last_quarter, page, played_months
from benchmarks.replaying.results import Figures

MONTHS = [f"2014-{number:02}" for number in range(1, 9)]


def arm(typed: float, ndcg: float = 0.5, seconds: float = 90.0, entropy: float = 1.0) -> Figures:
    month = {
        "added_by_hand": typed, "ndcg_at_5": ndcg, "acceptance_at_5": 0.4, "retraining_cpu_seconds": seconds,
        "entropy_ratio": entropy, "entropy_ratio_same_number": entropy - 0.1, "promoted": 1.0,
    }  # fmt: skip
    return {"first": {"promoted": 1.0}} | {name: dict(month) for name in MONTHS}


ARMS = {
    "never": arm(40),
    "monthly-full": arm(30, ndcg=0.6),
    "monthly-incremental": arm(31, ndcg=0.595, seconds=27),
    "incremental-adjusted": arm(30, ndcg=0.55, seconds=45),
}
SETTING = {"data": "a-set", "months": "2014-01 … 2014-08", "habits": {"forgets": 0.1}}
ATTACK = {"refuses-everywhere": {"offset_logits": -1.5, "weight_in_training": 50.0}}


def test_what_updates_cost_is_told_apart_from_the_full_runs_between_them() -> None:
    mixed = arm(30, seconds=18)
    for month in MONTHS[:2]:
        mixed[month] = {**mixed[month], "incremental": 0.0, "retraining_cpu_seconds": 90.0}
    for month in MONTHS[2:]:
        mixed[month] = {**mixed[month], "incremental": 1.0}

    near = answers({"monthly-full": arm(30), "monthly-incremental": mixed}, {}, {}, {})[0]

    assert "0.40 of the CPU time (6 updates alone 0.20, the others were full runs)" in near


def test_a_check_that_was_cut_is_compared_as_far_as_it_came() -> None:
    cut = {name: row for name, row in arm(40, entropy=0.8).items() if name <= "2014-03" or name == "first"}

    entropy = next(line for line in answers(ARMS, {}, {"never-shown-is-negative": cut}, {}) if "Entropy" in line)

    assert "never-shown-is-negative 0.800" in entropy


def test_what_no_list_can_save_is_not_asked_of_one() -> None:
    fewer = answers(ARMS, {}, {}, dict.fromkeys(MONTHS, 20.0))[0]

    assert "would still add 40 (-50.0%)" in fewer  # two months of 20, never 80
    assert "incremental-adjusted saves 50%" in fewer  # 20 of 40


def test_the_last_quarter_of_eight_months_is_two() -> None:
    assert last_quarter(played_months(ARMS)) == ["2014-07", "2014-08"]


def test_each_question_is_answered_with_its_numbers() -> None:
    fewer, near, entropy, attack = answers(ARMS, ATTACK, {"never-shown-is-negative": arm(40, entropy=0.8)}, {})

    assert "never 80" in fewer and "incremental-adjusted 60 (-25.0%)" in fewer and "incremental-adjusted – met" in fewer
    assert "monthly-incremental: nDCG@5 -0.8%" in near and "0.30 of the CPU time – quality met, time met" in near
    assert "0.50 of the CPU time – quality **not met**, time **not met**" in near
    assert "never-shown-is-negative 0.800" in entropy and "**not met**" in entropy
    assert "-1.50 logits, 50.0 in training" in attack and attack.endswith("– met.")


def test_a_comparison_with_nothing_that_went_live_or_was_updated_is_no_answer() -> None:
    idle = {month: {**figures, "promoted": 0.0} for month, figures in ARMS["monthly-full"].items()}
    full_again = {month: {**figures, "incremental": 0.0} for month, figures in ARMS["monthly-incremental"].items()}

    (near,) = (
        line
        for line in answers({"monthly-full": idle, "monthly-incremental": full_again}, {}, {}, {})
        if "Against" in line
    )

    assert "quality tells nothing" in near and "time tells nothing" in near


def test_what_was_not_played_is_not_answered() -> None:
    assert len(answers({"never": ARMS["never"]}, {}, {}, {})) == 1
    assert answers({}, {}, {}, {}) == []


def test_an_attack_beyond_a_cap_is_told() -> None:
    assert "**not met**" in answers(ARMS, {"adds-everywhere": {"offset_logits": 1.6}}, {}, {})[-1]


def test_the_page_has_every_arm_in_both_tables() -> None:
    text = page(ARMS, SETTING, ATTACK, {}, {})

    assert text.count("| monthly-incremental |") == 2
    assert "forgets 0.1" in text and "| refuses-everywhere | offset_logits | -1.5 |" in text


def test_arms_are_compared_over_the_months_that_all_have() -> None:
    cut = {month: figures for month, figures in ARMS["never"].items() if month != "2014-08"}

    text = page(ARMS | {"never": cut}, SETTING, {}, {}, {})

    assert "never 7, monthly-full 8" in text and "Compared are the 7" in text and "The last quarter (2014-07)" in text
    assert "Cut" not in page(ARMS, SETTING, {}, {}, {})


def test_the_chart_has_one_line_for_each_arm_in_each_panel() -> None:
    made = chart(ARMS)

    assert {trace.name for trace in made.data} == set(ARMS)
    assert sum(trace.showlegend for trace in made.data) == len(ARMS)


def document(name: str, tags: list[str]) -> dict[str, Any]:
    return {"id": f"news/2020/2020-01-01-{name}", "title": name, "text": name, "tags": tags, "published": "2020-01-01"}


def change(name: str, day: str, added: list[str], removed: list[str]) -> dict[str, Any]:
    return {"doc": name, "date": f"{day}T10:00:00-05:00", "kept": ["misleading"], "added": added, "removed": removed}


@pytest.fixture
def site(tmp_path: Path) -> tuple[Path, Path]:
    """A site whose topic `old` gives way to `new`; of `untold` nobody knows how it came to its topic."""
    before, after = tmp_path / "before", tmp_path / "after"
    names = ["a", "b", "c"]
    sets = {
        before: [document("untold", ["old"]), *(document(name, ["old", "stays"]) for name in names)],
        after: [document("untold", ["new"]), *(document(name, ["stays", "new"]) for name in names)],
    }
    for folder, rows in sets.items():
        folder.mkdir()
        for part, some in {"train": rows, "dev": [], "test": []}.items():
            write_rows(folder / f"{part}.jsonl.gz", some)
    changes = [
        change("a", "2019-12-31", ["earlier"], []),
        change("a", "2020-02-01", ["new"], ["old"]),
        change("b", "2020-03-01", [], ["old"]),
        change("c", "2020-03-02", ["new"], ["old"]),
        change("b", "2020-03-03", ["new"], []),
    ]
    write_rows(before / "events.jsonl.gz", changes)
    return before, after


def test_changes_are_joined_to_periods_and_topics_that_nobody_bears_go(site: tuple[Path, Path]) -> None:
    history = history_of(*site, Sampling(n_stored=2, n_probes=1, fewest_changes=1))

    assert [period.name for period in history.periods] == ["2020-02", "2020-03"]
    assert [period.retired for period in history.periods] == [(), ("old",)]
    assert {tags for period in history.periods for tags in period.tags_after.values()} == {("stays", "new")}
    assert len({each.document_id for each in (*history.stored, *history.probes)}) == 3


def test_months_with_few_changes_are_joined(site: tuple[Path, Path]) -> None:
    history = history_of(*site, Sampling(n_stored=2, n_probes=1, fewest_changes=2))

    assert [(period.name, len(period.tags_after)) for period in history.periods] == [("2020-02 … 2020-03", 3)]


def test_documents_whose_changes_do_not_lead_to_their_tags_are_left_out(site: tuple[Path, Path]) -> None:
    with pytest.raises(ValueError, match="changes of 3 documents"):
        history_of(*site, Sampling(n_stored=3, n_probes=1))


def test_the_attack_is_on_the_first_and_the_tenth_tag(site: tuple[Path, Path]) -> None:
    assert attacked_tags(dated_documents(site[0])) == ("old", "stays")
