"""The demo's content: Debian's packages and tags where apt can bring them, else the newsroom sample."""

import logging

from django.utils.translation import gettext as _

from tagplatform.common.errors import DomainError
from tagplatform.content.debtags import load_debtags
from tagplatform.content.models import TagAssignment
from tagplatform.content.newsroom import load_newsroom
from tagplatform.taxonomy.models import Vocabulary

logger = logging.getLogger(__name__)

DEMO_SLUGS = ("debtags", "newsroom")
ENOUGH_ASSIGNMENTS = 100


def demo_vocabulary() -> Vocabulary | None:
    """The vocabulary of a demo that has been loaded to its end."""
    for vocabulary in Vocabulary.objects.filter(slug__in=DEMO_SLUGS).order_by("slug"):
        if TagAssignment.objects.filter(tag__vocabulary=vocabulary)[:ENOUGH_ASSIGNMENTS].count() == ENOUGH_ASSIGNMENTS:
            return vocabulary
    return None


def load_demo_content(sample: str) -> tuple[Vocabulary, str]:
    """Load `debtags`, `newsroom`, or the first that can be had (`auto`); the vocabulary and what to tell."""
    if sample != "newsroom":
        try:
            summary = load_debtags()
        except DomainError as error:
            if sample == "debtags":
                raise
            reason = _("Debian's packages cannot be loaded here (%(why)s).") % {"why": error.detail}
            logger.warning("%s", error.detail)
            return _newsroom(reason + " " + _("The small newsroom sample is loaded instead."))
        return Vocabulary.objects.get(slug="debtags"), str(summary)
    return _newsroom("")


def _newsroom(message: str) -> tuple[Vocabulary, str]:
    summary = load_newsroom()
    return Vocabulary.objects.get(slug="newsroom"), f"{message}\n{summary}".strip()
