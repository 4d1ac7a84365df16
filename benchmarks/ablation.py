"""What each part of the fusion is worth, from the training reports; writes results/ablation.csv and .md.

usage: .venv/bin/python -m benchmarks.ablation [--sets NAME …] [--recipe NAME] [--data FOLDER]

Trains what benchmarks.abilities has not trained yet, in the same working folder.
"""

import json

from benchmarks.abilities.command_line import keep, parser, say, setting_of
from benchmarks.abilities.models import Setting, data_sets, model_of
from benchmarks.abilities.table import cell, markdown
from benchmarks.compare.documents import DataSet
from benchmarks.compare.known_sets import mean_over_sets
from benchmarks.compare.measure import Broken, OverLimit
from benchmarks.compare.results import Figures, read_figures
from benchmarks.compare.runs import Place
from benchmarks.compare.systems import BENCHMARKS

RESULTS = BENCHMARKS / "results" / "ablation.csv"
SETS = ("debtags", "digitalgov-2023", "stackexchange-takg", "zh-tech-blogs")
NOTHING = "nothing"
_PAGE = """# Ablation

Written by `python -m benchmarks.ablation` from `ablation.csv`, which has it from the training reports: the nDCG@5 of
smaller fusions without the features of one part, all learnt on the same two thirds of dev and measured on the rest. The
pairs stay those that all parts together propose. Below the first row: the difference to the whole; – : the set's
model has no such part. The mean is over the sets that have it.

{table}"""


def main() -> None:
    """Train what is missing and gather the reports."""
    asked = parser("benchmarks.ablation", __doc__, work="abilities").parse_args()
    setting = setting_of(asked)
    for data in data_sets(asked.data, asked.sets or SETS):
        _one(data, setting)


def figures_of(name: str, report: dict[str, list[dict[str, float | str]]]) -> Figures:
    """The rows of a training report's ablation by what was left out; empty where it has none."""
    return {
        (name, f"without {row['without']}"): {
            "ndcg_at_5": float(row["ndcg_at_5"]),
            "difference": float(row["difference"]),
        }
        for row in report.get("ablation", [])
    }


def page(figures: Figures) -> str:
    """The whole page, the most valuable part first."""
    sets = sorted({name for name, _ in figures})
    systems = {system for _, system in figures} - {_without(NOTHING)}
    means = {system: _mean(figures, system, "difference") for system in systems}
    whole = [cell("{ndcg_at_5:.4f}", figures.get((name, _without(NOTHING)), {})) for name in sets]
    rows = [("whole", *whole, f"{_mean(figures, _without(NOTHING), 'ndcg_at_5'):.4f}")]
    for system in sorted(systems, key=lambda system: means[system]):
        cells = [cell("{difference:+.4f}", figures.get((name, system), {})) for name in sets]
        rows.append((system, *cells, f"{means[system]:+.4f}"))
    return _PAGE.format(table=markdown(("", *sets, "mean"), rows))


def _one(data: DataSet, setting: Setting) -> None:
    place = Place(setting.work / data.name / setting.recipe / "model")
    try:
        model_of(data, place, setting)
    except (Broken, OverLimit) as problem:
        say(data.name, f"failed: {problem}")
        return
    found = figures_of(data.name, json.loads((place.model / "report.json").read_text(encoding="utf-8")))
    others = {pair: some for pair, some in read_figures(RESULTS).items() if pair[0] != data.name}
    keep(others | found, RESULTS, page)
    say(data.name, f"{len(found)} rows")


def _without(part: str) -> str:
    return f"without {part}"


def _mean(figures: Figures, system: str, metric: str) -> float:
    return mean_over_sets({name: some[metric] for (name, other), some in figures.items() if other == system})


if __name__ == "__main__":
    main()
