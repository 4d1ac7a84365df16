"""Rows of the taxonomy as JSON."""

from typing import Any

from tagplatform.common.ids import format_public_id
from tagplatform.taxonomy.models import Tag, TagProposal, Vocabulary
from tagplatform.taxonomy.selectors import TagEntry, TagHit


def present_tag_brief(tag: TagEntry, language: str = "") -> dict[str, Any]:
    """A tag as it stands in other answers."""
    return {
        "id": tag.public_id,
        "notation": tag.notation,
        "label": tag.label(language),
        "path": tag.path(language),
    }


def present_tag(row: Tag, tag: TagEntry, *, vocabulary: Vocabulary, language: str = "") -> dict[str, Any]:
    """A tag with all its names; `tag` is the row's entry in the snapshot."""
    return present_tag_brief(tag, language) | {
        "vocabulary": vocabulary.slug,
        "status": row.status,
        "recommendable": row.recommendable,
        "at_most_one_below": row.at_most_one_below,
        "parent": row.parent_id and format_public_id(Tag.id_prefix, row.parent_id),
        "replaced_by": row.replaced_by_id and format_public_id(Tag.id_prefix, row.replaced_by_id),
        "definition": row.definition,
        "scope_note": row.scope_note,
        "labels": [{"text": name.text, "language": name.language, "kind": name.kind} for name in tag.labels],
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def present_hit(hit: TagHit, language: str = "") -> dict[str, Any]:
    """What a search found."""
    return {"tag": present_tag_brief(hit.tag, language), "matched_label": hit.matched_label}


def present_vocabulary(vocabulary: Vocabulary, *, n_tags: int) -> dict[str, Any]:
    """A vocabulary; `n_tags` counts its active tags."""
    return {
        "id": vocabulary.public_id,
        "slug": vocabulary.slug,
        "name": vocabulary.name,
        "language": vocabulary.language,
        "selection_mode": vocabulary.selection_mode,
        "suggestion_limit": vocabulary.suggestion_limit,
        "n_tags": n_tags,
        "version": vocabulary.version,
    }


def present_proposal(proposal: TagProposal, *, vocabulary: Vocabulary) -> dict[str, Any]:
    """A proposal in the queue."""
    return {
        "id": proposal.public_id,
        "vocabulary": vocabulary.slug,
        "text": proposal.text,
        "language": proposal.language,
        "state": proposal.state,
        "times_proposed": proposal.times_proposed,
        "created_at": proposal.created_at,
    }
