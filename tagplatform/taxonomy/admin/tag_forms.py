"""What the tag page refuses before the database has to: cycles, strangers as parents, labels that read the same."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.forms import PaginationInlineFormSet

from tagplatform.taxonomy.labels import normalise_label
from tagplatform.taxonomy.models import Tag, TagLabel, Vocabulary


class TagForm(forms.ModelForm):  # type: ignore[type-arg]
    """A tag's parent and successor stand in its own vocabulary, above it and not below."""

    class Meta:
        model = Tag
        fields = "__all__"  # noqa: DJ007  the admin's fieldsets choose

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        vocabulary = cleaned.get("vocabulary") or getattr(self.instance, "vocabulary", None)
        for name in ("parent", "replaced_by"):
            other: Tag | None = cleaned.get(name)
            if other is not None and vocabulary is not None and other.vocabulary_id != vocabulary.pk:
                self.add_error(name, _("Choose a tag of the same vocabulary."))
        parent = cleaned.get("parent")
        if parent is not None and self.instance.pk in _ids_upwards(parent):
            self.add_error("parent", _("Choose a tag that does not stand below this one."))
        self._refuse_taken_notation(vocabulary, cleaned.get("notation"))
        if cleaned.get("replaced_by") == self.instance:
            self.add_error("replaced_by", _("A tag cannot be replaced by itself."))
        return cleaned

    def _refuse_taken_notation(self, vocabulary: Vocabulary | None, notation: str | None) -> None:
        """The database's constraint spans the vocabulary, which the form does not hold where a tag is changed."""
        others = Tag.objects.filter(vocabulary=vocabulary, notation=notation).exclude(pk=self.instance.pk)
        if vocabulary is not None and others.exists():
            self.add_error("notation", _("Another tag of this vocabulary has this code."))


def _ids_upwards(tag: Tag) -> set[Any]:
    """The tag and everything above it."""
    ids = set()
    above: Tag | None = tag
    while above is not None and above.pk not in ids:
        ids.add(above.pk)
        above = above.parent
    return ids


class LabelFormSet(PaginationInlineFormSet):
    """Names that read the same, and two preferred names in one language, are told at the row in question."""

    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if form.cleaned_data.get("text") and not form.cleaned_data.get("DELETE")]
        if not any(form.cleaned_data["kind"] == TagLabel.Kind.PREFERRED for form in kept):
            raise ValidationError(_("A tag needs one preferred label."))
        self._refuse_equal_names(kept)
        self._refuse_two_preferred(kept)

    def _refuse_equal_names(self, kept: list[Any]) -> None:
        taken = self._names_in_the_vocabulary(kept)
        for form in kept:
            name = normalise_label(form.cleaned_data["text"])
            if taken.get(name, form.instance) != form.instance:
                form.add_error("text", _("Another label of this vocabulary reads the same."))
            taken[name] = form.instance

    def _names_in_the_vocabulary(self, kept: list[Any]) -> dict[str, TagLabel]:
        """Labels that stand there already and do not go with this form, by their normalised text."""
        names = [normalise_label(form.cleaned_data["text"]) for form in kept]
        leaving = [form.instance.pk for form in self.deleted_forms]
        labels = TagLabel.objects.filter(vocabulary_id=self.instance.vocabulary_id, normalised_text__in=names)
        return {label.normalised_text: label for label in labels.exclude(pk__in=leaving)}

    def _refuse_two_preferred(self, kept: list[Any]) -> None:
        languages: set[str] = set()
        for form in kept:
            if form.cleaned_data["kind"] != TagLabel.Kind.PREFERRED:
                continue
            if form.cleaned_data["language"] in languages:
                form.add_error("kind", _("There is one preferred label a language; make this an alternative."))
            languages.add(form.cleaned_data["language"])
