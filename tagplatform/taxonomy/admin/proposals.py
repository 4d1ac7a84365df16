"""The queue of proposed tags in the admin."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from tagplatform.common.admin import Button, PlainForm, ReadOnlyAdmin, object_page, reported_errors
from tagplatform.common.errors import InvalidInput
from tagplatform.taxonomy.models import Tag, TagProposal
from tagplatform.taxonomy.services import accept_proposal, refuse_proposal

STATE_COLOURS = {"open": "info", "accepted": "success", "refused": "danger"}


class AcceptForm(forms.Form):
    """Where the new tag shall stand."""

    parent = forms.CharField(
        label=_("Code of the parent tag"),
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("Leave empty for a tag without a parent."),
    )


@admin.register(TagProposal)
class TagProposalAdmin(ReadOnlyAdmin):
    """Tags that somebody missed; most wanted first."""

    list_display = ("text", "vocabulary", "language", "times_proposed", "shown_state", "proposed_by", "created_at")
    list_filter = ("state", "vocabulary", "language")
    list_select_related = ("vocabulary", "proposed_by")
    search_fields = ("text", "proposed_by__username")
    fields = (
        "public_id", "text", "vocabulary", "language", "state", "times_proposed", "proposed_by", "created_at", "tag",
        "decided_by", "decided_at",
    )  # fmt: skip
    readonly_fields = ("public_id",)
    actions = ("accept_all", "refuse_all")
    actions_detail = ("accept", "refuse")

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def shown_state(self, proposal: TagProposal) -> tuple[str, str]:
        return proposal.state, proposal.get_state_display()

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Deciding makes tags."""
        return bool(request.user.has_perm("taxonomy.add_tag"))

    @admin.action(description=_("Accept (make the tags)"), permissions=["decide"])
    def accept_all(self, request: HttpRequest, queryset: QuerySet[TagProposal]) -> None:
        for proposal in queryset:
            with reported_errors(request):
                tag = accept_proposal(proposal=proposal, actor=request.user)
                messages.success(request, _("“%(tag)s” is a tag now.") % {"tag": tag.notation})

    @admin.action(description=_("Refuse"), permissions=["decide"])
    def refuse_all(self, request: HttpRequest, queryset: QuerySet[TagProposal]) -> None:
        for proposal in queryset:
            with reported_errors(request):
                refuse_proposal(proposal=proposal, actor=request.user)
                messages.success(request, _("“%(text)s” was refused.") % {"text": proposal.text})

    @Button(
        _("Accept"),
        permission="taxonomy.add_tag",
        icon="check",
        question=_("A new active tag is made with this name. Models know it after their next training."),
        form_class=AcceptForm,
    )
    def accept(self, request: HttpRequest, proposal: TagProposal, answers: dict[str, Any]) -> HttpResponse:
        parent = _parent(proposal, answers["parent"])
        tag = accept_proposal(proposal=proposal, actor=request.user, parent=parent)
        messages.success(request, _("“%(tag)s” is a tag now.") % {"tag": tag.notation})
        return HttpResponseRedirect(object_page(tag))

    @Button(
        _("Refuse"),
        permission="taxonomy.add_tag",
        icon="close",
        question=_("The proposal is closed without a tag. The same name may be proposed again."),
        form_class=PlainForm,
    )
    def refuse(self, request: HttpRequest, proposal: TagProposal, answers: dict[str, Any]) -> None:
        refuse_proposal(proposal=proposal, actor=request.user)
        messages.success(request, _("“%(text)s” was refused.") % {"text": proposal.text})


def _parent(proposal: TagProposal, notation: str) -> Tag | None:
    if not notation.strip():
        return None
    parent = Tag.objects.filter(vocabulary=proposal.vocabulary_id, notation=notation.strip()).first()
    if parent is None:
        raise InvalidInput(_("The vocabulary has no tag with the code “%(code)s”.") % {"code": notation})
    return parent
