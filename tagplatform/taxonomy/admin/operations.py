"""Operations on the taxonomy in the admin: read, and reverted by a button."""

import json
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from tagplatform.common.admin import Button, ReadOnlyAdmin
from tagplatform.taxonomy.models import Tag, TagOperation
from tagplatform.taxonomy.services import revert_operation


@admin.register(TagOperation)
class TagOperationAdmin(ReadOnlyAdmin):
    """What was done to the tags, by whom, and whether it was reverted."""

    list_display = ("public_id", "kind", "vocabulary", "touched", "actor", "created_at", "is_reverted")
    list_filter = ("vocabulary", "kind", ("reverted_by", admin.EmptyFieldListFilter))
    list_select_related = ("vocabulary", "actor")
    search_fields = ("actor__username",)
    date_hierarchy = "created_at"
    fields = ("public_id", "kind", "vocabulary", "actor", "created_at", "what_changed", "plan_text", "reverted_by")
    readonly_fields = ("public_id", "what_changed", "plan_text", "reverted_by")
    actions_detail = ("revert",)

    @display(description=_("tags touched"))
    def touched(self, operation: TagOperation) -> str:
        return str(operation.impact.get("tags", ""))

    @display(description=_("reverted"), boolean=True)
    def is_reverted(self, operation: TagOperation) -> bool:
        return operation.reverted_by_id is not None

    @display(description=_("what changed"))
    def what_changed(self, operation: TagOperation) -> str:
        names = dict(
            Tag.objects.filter(pk__in=[change["tag"] for change in operation.changes]).values_list("pk", "notation")
        )
        named = {str(pk): notation for pk, notation in names.items()}
        lines = [
            f"{named.get(change['tag'], change['tag'])}: {change['field']} {change['before']} → {change['after']}"
            for change in operation.changes
        ]
        return format_html("<pre>{}</pre>", "\n".join(lines) or "–")

    @display(description=_("plan"))
    def plan_text(self, operation: TagOperation) -> str:
        return format_html("<pre>{}</pre>", json.dumps(operation.plan, indent=2, ensure_ascii=False))

    @Button(
        _("Revert"),
        permission="taxonomy.change_tag",
        icon="undo",
        question=_("Every value that this operation changed goes back to what it was before."),
        danger=True,
    )
    def revert(self, request: HttpRequest, operation: TagOperation, answers: dict[str, Any]) -> None:
        reverting = revert_operation(operation=operation, actor=request.user)
        messages.success(request, _("Reverted by %(operation)s.") % {"operation": reverting.public_id})
