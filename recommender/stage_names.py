"""What training calls its stages, in the reader's language; `ml` knows no languages and names them in English."""

import re

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy

NAMES: tuple[Promise, ...] = (
    pgettext_lazy("stage", "calibrating"),
    pgettext_lazy("stage", "collecting documents"),
    pgettext_lazy("stage", "comparing with the champion"),
    pgettext_lazy("stage", "counting tags"),
    pgettext_lazy("stage", "encoding texts"),
    pgettext_lazy("stage", "exporting the encoder"),
    pgettext_lazy("stage", "fitting tags"),
    pgettext_lazy("stage", "growing label trees"),
    pgettext_lazy("stage", "indexing documents"),
    pgettext_lazy("stage", "learning word vectors"),
    pgettext_lazy("stage", "mapping the tags"),
    pgettext_lazy("stage", "measuring on held-out documents"),
    pgettext_lazy("stage", "reading texts"),
    pgettext_lazy("stage", "reading the data snapshot"),
    pgettext_lazy("stage", "trained"),
    pgettext_lazy("stage", "training the towers"),
    pgettext_lazy("stage", "tuning the encoder"),
    pgettext_lazy("stage", "writing the data snapshot"),
)
_EPOCH = re.compile(r"training, epoch (?P<epoch>\d+) of (?P<n_epochs>\d+)")


def stage_in_words(stage: str) -> str:
    """The stage as people read it; one that has no translation as it is called."""
    if found := _EPOCH.fullmatch(stage):
        return _("training, epoch %(epoch)s of %(n_epochs)s") % found.groupdict()
    return pgettext("stage", stage) if stage else ""
