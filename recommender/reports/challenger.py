"""What the page of a challenger shows: its figures beside the champion's, as rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from recommender.ml.metrics import Interval
from recommender.ml.shadow_figures import DEPTH, Compared, ShadowFigures

MILLISECONDS = 1000


@dataclass(frozen=True)
class ComparedRow:
    """One measure of both sides, as people read it."""

    name: str
    champion: str
    challenger: str
    difference: str


@dataclass(frozen=True)
class AgreementRow:
    """How alike the answers of both are by one measure."""

    name: str
    value: str
    words: str


def agreement_rows(figures: ShadowFigures) -> list[AgreementRow]:
    """Common tags at the top, and the overlap of the whole lists."""
    shares = [
        AgreementRow(f"agreement@{k}", _share(interval), _meaning(k)) for k, interval in figures.agreement.items()
    ]
    words = _("rank-biased overlap with p = 0.9: the top counts most; 1 is the same list, 0 has nothing in common")
    return [*shares, AgreementRow("RBO", _interval(figures.overlap, 3), words)]


def _meaning(k: int) -> str:
    if k == 1:
        return _("both put the same tag first")
    return _("share of the first %(k)d that both suggest") % {"k": k}


def compared_rows(figures: ShadowFigures) -> list[ComparedRow]:
    """Quality on blind documents where there are any, and time."""
    rows = []
    if figures.ndcg is not None and figures.acceptance is not None:
        rows = [
            _row(f"nDCG@{DEPTH}", figures.ndcg, digits=3),
            _row(_("chosen of the first %(k)d") % {"k": DEPTH}, figures.acceptance, digits=3),
        ]
    return [*rows, _row(_("milliseconds for a text"), figures.seconds, digits=1, factor=MILLISECONDS)]


def _row(name: str, compared: Compared, *, digits: int, factor: float = 1) -> ComparedRow:
    sides: Sequence[Interval] = (compared.champion, compared.challenger)
    champion, challenger = (_interval(_times(side, factor), digits) for side in sides)
    return ComparedRow(name, champion, challenger, _interval(_times(compared.difference, factor), digits, sign="+"))


def _times(interval: Interval, factor: float) -> Interval:
    return Interval(*(factor * number for number in interval))


def _share(interval: Interval) -> str:
    return f"{interval.value:.0%} ({interval.low:.0%} … {interval.high:.0%})"


def _interval(interval: Interval, digits: int, sign: str = "") -> str:
    value, low, high = (f"{number:{sign}.{digits}f}" for number in interval)
    return f"{value} ({low} … {high})"
