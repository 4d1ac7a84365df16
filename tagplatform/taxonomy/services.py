"""The taxonomy changes here: tags are made, proposed, decided, taken out of use, and that can be reverted."""

import uuid
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from tagplatform.common.errors import Conflict, InvalidInput
from tagplatform.taxonomy.labels import MAX_LABEL_LENGTH, normalise_label
from tagplatform.taxonomy.models import Tag, TagLabel, TagOperation, TagProposal, Vocabulary

OPERATION_BY_STATUS = {
    Tag.Status.ACTIVE: TagOperation.Kind.ACTIVATE,
    Tag.Status.DEPRECATED: TagOperation.Kind.DEPRECATE,
    Tag.Status.RETIRED: TagOperation.Kind.RETIRE,
}


@transaction.atomic
def create_tag(*, vocabulary: Vocabulary, notation: str, label: str, language: str, parent: Tag | None = None) -> Tag:
    """A new active tag with its preferred label; Conflict where another tag has that name or notation."""
    text = _checked_label(label)
    taken = TagLabel.objects.filter(vocabulary=vocabulary, normalised_text=normalise_label(text)).first()
    if taken is not None:
        raise Conflict(_("Another tag already has the name “%(name)s”.") % {"name": text}, code="label_taken")
    if Tag.objects.filter(vocabulary=vocabulary, notation=notation).exists():
        raise Conflict(_("Another tag already has the code “%(code)s”.") % {"code": notation}, code="notation_taken")
    tag = Tag.objects.create(vocabulary=vocabulary, notation=notation, parent=parent)
    TagLabel.of(tag, text, language=language, kind=TagLabel.Kind.PREFERRED).save()
    return tag


def _checked_label(label: str) -> str:
    text = " ".join(label.split())
    if not text or len(text) > MAX_LABEL_LENGTH:
        detail = _("A tag's name has 1 to %(max)d characters.") % {"max": MAX_LABEL_LENGTH}
        raise InvalidInput(detail, code="label_length", pointer="/text")
    return text


@transaction.atomic
def propose_tag(*, vocabulary: Vocabulary, text: str, language: str, actor: Any | None) -> TagProposal:
    """Put a missing tag into the queue; proposing it again counts it up."""
    label = _checked_label(text)
    normalised = normalise_label(label)
    if TagLabel.objects.filter(vocabulary=vocabulary, normalised_text=normalised).exists():
        raise Conflict(_("The vocabulary already has “%(name)s”.") % {"name": label}, code="label_taken")
    proposal, created = TagProposal.objects.get_or_create(
        vocabulary=vocabulary,
        normalised_text=normalised,
        state=TagProposal.State.OPEN,
        defaults={"text": label, "language": language or vocabulary.language, "proposed_by": actor},
    )
    if not created:
        TagProposal.objects.filter(pk=proposal.pk).update(times_proposed=F("times_proposed") + 1)
        proposal.refresh_from_db()
    return proposal


@transaction.atomic
def accept_proposal(*, proposal: TagProposal, actor: Any, parent: Tag | None = None) -> Tag:
    """Make the proposed tag; its notation is made of its name."""
    held = _open_proposal(proposal)
    tag = create_tag(
        vocabulary=held.vocabulary,
        notation=_free_notation(held.vocabulary, held.text),
        label=held.text,
        language=held.language,
        parent=parent,
    )
    _decide(held, TagProposal.State.ACCEPTED, actor, tag)
    return tag


@transaction.atomic
def refuse_proposal(*, proposal: TagProposal, actor: Any) -> None:
    """Close the proposal without a tag."""
    _decide(_open_proposal(proposal), TagProposal.State.REFUSED, actor, None)


def _open_proposal(proposal: TagProposal) -> TagProposal:
    held = TagProposal.objects.select_for_update(of=("self",)).select_related("vocabulary").get(pk=proposal.pk)
    if held.state != TagProposal.State.OPEN:
        raise Conflict(_("“%(name)s” has been decided already.") % {"name": held.text}, code="proposal_decided")
    return held


def _decide(proposal: TagProposal, state: TagProposal.State, actor: Any, tag: Tag | None) -> None:
    proposal.state, proposal.decided_by, proposal.decided_at, proposal.tag = state, actor, timezone.now(), tag
    proposal.save(update_fields=["state", "decided_by", "decided_at", "tag"])


def _free_notation(vocabulary: Vocabulary, text: str) -> str:
    base = slugify(text, allow_unicode=True) or "tag"
    taken = set(Tag.objects.filter(vocabulary=vocabulary, notation__startswith=base).values_list("notation", flat=True))
    return next(name for n in range(1, len(taken) + 2) if (name := base if n == 1 else f"{base}-{n}") not in taken)


@transaction.atomic
def set_tag_status(*, tags: list[Tag], status: Tag.Status, actor: Any | None) -> TagOperation:
    """Take tags of one vocabulary out of use or back into it; the operation remembers how to revert."""
    vocabulary_ids = {tag.vocabulary_id for tag in tags}
    if len(vocabulary_ids) != 1:
        raise InvalidInput(_("Choose tags of one vocabulary."), code="mixed_vocabularies")
    held = list(Tag.objects.select_for_update().filter(pk__in=[tag.pk for tag in tags]).order_by("pk"))
    changes = [
        {"tag": str(tag.pk), "field": "status", "before": tag.status, "after": status}
        for tag in held
        if tag.status != status
    ]
    Tag.objects.filter(pk__in=[change["tag"] for change in changes]).update(status=status)
    return TagOperation.objects.create(
        vocabulary_id=vocabulary_ids.pop(),
        kind=OPERATION_BY_STATUS[status],
        plan={"tags": [str(tag.pk) for tag in held], "status": status},
        impact={"tags": len(changes)},
        changes=changes,
        actor=actor,
    )


@transaction.atomic
def revert_operation(*, operation: TagOperation, actor: Any) -> TagOperation:
    """Put back every value that the operation changed; Conflict where somebody changed one since."""
    held = TagOperation.objects.select_for_update().get(pk=operation.pk)
    if held.reverted_by_id is not None:
        raise Conflict(_("This operation has been reverted already."), code="already_reverted")
    tags = {str(tag.pk): tag for tag in Tag.objects.select_for_update().filter(pk__in=_changed_ids(held))}
    for change in held.changes:
        tag = tags[change["tag"]]
        if getattr(tag, change["field"]) != change["after"]:
            raise Conflict(
                _("“%(tag)s” has been changed since; revert that first.") % {"tag": tag}, code="changed_since"
            )
    for change in held.changes:
        Tag.objects.filter(pk=change["tag"]).update(**{change["field"]: change["before"]})
    held.reverted_by = TagOperation.objects.create(
        vocabulary_id=held.vocabulary_id,
        kind=held.kind,
        plan={"reverts": str(held.pk)},
        impact=held.impact,
        changes=[{**change, "before": change["after"], "after": change["before"]} for change in held.changes],
        actor=actor,
    )
    held.save(update_fields=["reverted_by"])
    return held.reverted_by


def _changed_ids(operation: TagOperation) -> list[uuid.UUID]:
    return [uuid.UUID(change["tag"]) for change in operation.changes]
