"""The demo's content: Debian's packages and tags where apt can bring them, else the newsroom sample."""

import logging

from django.utils.translation import gettext as _

from tagplatform.common.errors import DomainError
from tagplatform.content.debtags import load_debtags
from tagplatform.content.newsroom import load_newsroom
from tagplatform.imports.models import ImportRun
from tagplatform.imports.selectors import was_imported
from tagplatform.taxonomy.models import Vocabulary

logger = logging.getLogger(__name__)

TARGET_BY_VOCABULARY = {"debtags": "debian / debtags", "newsroom": "newsroom / newsroom"}


def demo_vocabulary() -> Vocabulary | None:
    """The vocabulary of a demo whose documents have been loaded to their end."""
    for slug, target in TARGET_BY_VOCABULARY.items():
        if was_imported(kind=ImportRun.Kind.DOCUMENTS, target=target):
            return Vocabulary.objects.filter(slug=slug).first()
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
