"""Names of tags in a documents file: which tag is meant, and what becomes of a name that no tag has."""

from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from django.db import models
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tagplatform.taxonomy.labels import MAX_LABEL_LENGTH, normalise_label
from tagplatform.taxonomy.models import Tag, TagProposal, Vocabulary
from tagplatform.taxonomy.selectors import VocabularySnapshot, vocabulary_snapshot
from tagplatform.taxonomy.services import create_tag, propose_tag


class UnknownTags(models.TextChoices):
    """What becomes of a document with a tag that the vocabulary does not have."""

    REPORT = "report", gettext_lazy("take the document without it and report it")
    REJECT = "reject", gettext_lazy("refuse the document")
    IGNORE = "ignore", gettext_lazy("take the document without it and say nothing")
    CREATE = "create", gettext_lazy("make the tag")
    PROPOSE = "propose", gettext_lazy("put the tag into the queue of proposals")


@dataclass(frozen=True)
class TagNames:
    """A vocabulary at one version: notation first, then any name; a replaced tag stands for its successor."""

    snapshot: VocabularySnapshot
    successor_by_id: dict[UUID, UUID]

    def find(self, name: str) -> UUID | None:
        """The tag that is meant; None where there is none, or it is retired without a successor."""
        entry = self.snapshot.by_notation.get(name) or self.snapshot.by_label.get(normalise_label(name))
        seen: set[UUID] = set()
        while entry is not None and entry.id in self.successor_by_id and entry.id not in seen:
            seen.add(entry.id)
            entry = self.snapshot.tags.get(self.successor_by_id[entry.id])
        return entry.id if entry is not None and entry.status != Tag.Status.RETIRED else None


def tag_names(vocabulary: Vocabulary) -> TagNames:
    """The names as they stand now."""
    replaced = Tag.objects.filter(vocabulary=vocabulary, replaced_by__isnull=False).values_list("id", "replaced_by_id")
    return TagNames(vocabulary_snapshot(vocabulary.pk), dict(replaced))


def missing(names: TagNames, wanted: tuple[str, ...]) -> list[str]:
    """Those of the names that mean no tag."""
    return [name for name in wanted if names.find(name) is None]


def creatable(names: TagNames, name: str) -> bool:
    """Whether a tag of this name could be made: it is no retired one's and not too long."""
    taken = name in names.snapshot.by_notation or normalise_label(name) in names.snapshot.by_label
    return not taken and len(name) <= MAX_LABEL_LENGTH and bool(normalise_label(name))


def create_missing(vocabulary: Vocabulary, names: TagNames, wanted: list[str]) -> None:
    """Make a tag for each of the names; spellings that normalise alike are one tag."""
    first_spelling = {normalise_label(name): name for name in reversed(wanted) if creatable(names, name)}
    for name in reversed(first_spelling.values()):
        create_tag(vocabulary=vocabulary, notation=name, label=name, language=vocabulary.language)


def propose_missing(vocabulary: Vocabulary, names: TagNames, wanted: list[str]) -> None:
    """Put the names into the queue, each counted as often as it occurs."""
    times = Counter(normalise_label(name) for name in wanted if creatable(names, name))
    spelling = {normalise_label(name): name for name in reversed(wanted)}
    for normalised, count in times.items():
        proposal = propose_tag(
            vocabulary=vocabulary, text=spelling[normalised], language=vocabulary.language, actor=None
        )
        TagProposal.objects.filter(pk=proposal.pk).update(times_proposed=F("times_proposed") + count - 1)


def unknown_tags_reason(unknown: list[str], vocabulary: Vocabulary) -> str:
    """One sentence that lists the names."""
    shown = ", ".join(f"“{name[:60]}”" for name in unknown[:10])
    more = " …" if len(unknown) > 10 else ""
    detail = _("The vocabulary “%(vocabulary)s” does not have %(names)s.")
    return detail % {"vocabulary": vocabulary.slug, "names": shown + more}
