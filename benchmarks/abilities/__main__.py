"""Measures what a model can do beside ranking, and writes results/abilities.csv and .md.

usage: .venv/bin/python -m benchmarks.abilities [--sets NAME …] [--only ABILITY …] [--recipe NAME] [--data FOLDER]

What has been measured on this version of data and library is not measured again (--again does), so a run that was cut
goes on where it was.
"""

from collections.abc import Callable
from functools import partial

from benchmarks.abilities.command_line import keep, parser, say, setting_of
from benchmarks.abilities.measuring import ABILITIES, Measuring
from benchmarks.abilities.models import Setting, data_sets
from benchmarks.abilities.table import page
from benchmarks.compare.documents import DataSet
from benchmarks.compare.measure import Broken, OverLimit
from benchmarks.compare.results import read_figures
from benchmarks.compare.systems import BENCHMARKS

RESULTS = BENCHMARKS / "results" / "abilities.csv"
SETS = (
    "debtags-zh", "digitalgov", "digitalgov-2023", "zh-tech-blogs", "opensuse-news", "stackexchange-takg",
    "duee-events", "reuters21578", "debtags", "arxiv-cs-recent", "tibkat-en", "yso-finna-en",
)  # fmt: skip


def main() -> None:
    """Measure what has not been measured yet; results are written after each ability of each set."""
    arguments = parser("benchmarks.abilities", __doc__, work="abilities")
    arguments.add_argument("--only", nargs="*", choices=ABILITIES, default=[])
    arguments.add_argument("--again", action="store_true", help="measure anew, with the models that are there")
    asked = arguments.parse_args()
    setting = setting_of(asked)
    for data in data_sets(asked.data, asked.sets or SETS):
        for ability in asked.only or ABILITIES:
            _one(data, ability, setting, partial(say, f"{data.name}, {ability}"), again=asked.again)


def _one(data: DataSet, ability: str, setting: Setting, tell: Callable[[str], None], *, again: bool) -> None:
    tell("measuring")
    try:
        found = Measuring(data, setting).figures(ability, again=again)
    except (Broken, OverLimit) as problem:
        tell(f"failed: {problem}")
        return
    figures, pair = read_figures(RESULTS), (data.name, setting.recipe)
    keep(figures | {pair: figures.get(pair, {}) | found}, RESULTS, page)
    tell("done")


if __name__ == "__main__":
    main()
