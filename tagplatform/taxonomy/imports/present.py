"""The tags that a vocabulary has when an import begins."""

from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from tagplatform.taxonomy.models import Tag, TagLabel, Vocabulary


@dataclass(frozen=True)
class PresentTags:
    """Tags by notation, and which tag has which name."""

    language: str
    id_by_notation: dict[str, UUID]
    parent_by_notation: dict[str, str]
    notation_by_label: dict[str, str]

    @cached_property
    def notations(self) -> set[str]:
        return set(self.id_by_notation)


def present_tags(vocabulary: Vocabulary) -> PresentTags:
    """Read a vocabulary's notations, parents and names in two queries."""
    rows = list(Tag.objects.filter(vocabulary=vocabulary).values_list("id", "notation", "parent_id"))
    notation_by_id = {tag_id: notation for tag_id, notation, _parent in rows}
    labels = TagLabel.objects.filter(vocabulary=vocabulary).values_list("normalised_text", "tag_id")
    return PresentTags(
        language=vocabulary.language,
        id_by_notation={notation: tag_id for tag_id, notation in notation_by_id.items()},
        parent_by_notation={child: above for _, child, parent in rows if (above := notation_by_id.get(parent))},
        notation_by_label={text: notation_by_id[tag_id] for text, tag_id in labels},
    )
