"""What may be assigned: vocabularies, their tags and the names of these, and what was done to them."""

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tagplatform.common.models import PublicModel
from tagplatform.taxonomy.labels import MAX_LABEL_LENGTH, normalise_label, pinyin_initials


class Vocabulary(PublicModel):
    """A controlled set of tags with one selection mode; its policy says what is worth showing."""

    id_prefix: ClassVar[str] = "voc"

    class SelectionMode(models.TextChoices):
        MANY = "many", _("several tags")
        ONE = "one", _("exactly one tag")

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200)
    language = models.CharField(max_length=20, default="en", help_text=_("BCP 47 tag of the preferred labels"))
    selection_mode = models.CharField(max_length=4, choices=SelectionMode, default=SelectionMode.MANY)
    suggestion_limit = models.PositiveSmallIntegerField(
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
        help_text=_("how many suggestions an answer has at most"),
    )
    precision_target = models.FloatField(
        default=0.7,
        validators=[MinValueValidator(0.5), MaxValueValidator(0.99)],
        help_text=_("share of right tags among the suggestions over the threshold"),
    )
    version = models.PositiveBigIntegerField(
        default=1, editable=False, help_text=_("grows with every change of a tag or label")
    )

    class Meta:
        verbose_name = _("vocabulary")
        verbose_name_plural = _("vocabularies")
        ordering = ("name",)
        constraints = [
            models.CheckConstraint(
                condition=Q(precision_target__gte=0.5, precision_target__lte=0.99),
                name="vocabulary_precision_target",
            ),
            models.CheckConstraint(
                condition=Q(suggestion_limit__gte=1, suggestion_limit__lte=50), name="vocabulary_limit"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TagQuerySet(models.QuerySet["Tag"]):
    def assignable(self) -> "TagQuerySet":
        """Tags that people may put on a document now."""
        return self.filter(status=Tag.Status.ACTIVE)

    def recommendable(self) -> "TagQuerySet":
        """Tags that an answer may contain now."""
        return self.assignable().filter(recommendable=True)


class Tag(PublicModel):
    """A row of a vocabulary; its id never changes. Triggers keep the parents free of cycles."""

    id_prefix: ClassVar[str] = "tag"

    class Status(models.TextChoices):
        CANDIDATE = "candidate", _("candidate")
        ACTIVE = "active", _("active")
        DEPRECATED = "deprecated", _("deprecated")
        RETIRED = "retired", _("retired")

    vocabulary = models.ForeignKey(Vocabulary, models.PROTECT, related_name="tags")
    notation = models.CharField(max_length=300, help_text=_("code that names the tag in files, as in SKOS"))
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    recommendable = models.BooleanField(default=True, help_text=_("off for tags that only group others"))
    at_most_one_below = models.BooleanField(
        default=False,
        verbose_name=_("at most one tag below"),
        help_text=_("a document bears at most one of the tags below this one: suggestions keep to it"),
    )
    replaced_by = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="replaces")
    definition = models.TextField(blank=True)
    scope_note = models.TextField(blank=True, help_text=_("when to use it and when not"))
    updated_at = models.DateTimeField(auto_now=True)

    objects = TagQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ("notation",)
        constraints = [
            models.UniqueConstraint(fields=["vocabulary", "notation"], name="tag_notation_unique"),
            models.CheckConstraint(condition=~Q(notation=""), name="tag_notation_given"),
            models.CheckConstraint(condition=~Q(parent=models.F("id")), name="tag_not_its_own_parent"),
            models.CheckConstraint(condition=~Q(replaced_by=models.F("id")), name="tag_not_replaced_by_itself"),
        ]

    def __str__(self) -> str:
        return self.notation


class TagLabel(models.Model):
    """A name of a tag in one language; its normalised form stands once in a vocabulary, whatever its kind."""

    class Kind(models.TextChoices):
        PREFERRED = "preferred", _("preferred")
        ALTERNATIVE = "alternative", _("alternative")
        HIDDEN = "hidden", _("hidden")

    vocabulary = models.ForeignKey(Vocabulary, models.CASCADE, related_name="labels", editable=False)
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="labels")
    language = models.CharField(max_length=20, default="en", help_text=_("BCP 47 tag"))
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.PREFERRED)
    text = models.CharField(max_length=MAX_LABEL_LENGTH)
    normalised_text = models.CharField(max_length=2 * MAX_LABEL_LENGTH, editable=False)
    pinyin_initials = models.CharField(max_length=MAX_LABEL_LENGTH, blank=True, editable=False)

    class Meta:
        verbose_name = _("label")
        verbose_name_plural = _("labels")
        ordering = ("tag_id", "kind", "language")
        constraints = [
            models.UniqueConstraint(
                fields=["vocabulary", "normalised_text"],
                name="label_unique_in_vocabulary",
                violation_error_message=_("Another label of this vocabulary reads the same."),
            ),
            models.UniqueConstraint(
                fields=["tag", "language"], condition=Q(kind="preferred"), name="label_one_preferred_a_language"
            ),
            models.CheckConstraint(condition=~Q(normalised_text=""), name="label_not_blank"),
        ]
        indexes = [
            models.Index(fields=["normalised_text"], name="label_prefix_search", opclasses=["varchar_pattern_ops"]),
            models.Index(
                fields=["pinyin_initials"],
                name="label_pinyin_search",
                opclasses=["varchar_pattern_ops"],
                condition=~Q(pinyin_initials=""),
            ),
        ]

    def __str__(self) -> str:
        return self.text

    @classmethod
    def of(cls, tag: Tag, text: str, *, language: str, kind: str) -> "TagLabel":
        """An unsaved label with all that is derived from its text filled in."""
        label = cls(tag=tag, text=" ".join(text.split()), language=language, kind=kind)
        label.derive()
        return label

    def derive(self) -> None:
        """Fill in what follows from the text and the tag."""
        self.vocabulary_id = self.tag.vocabulary_id
        self.normalised_text = normalise_label(self.text)
        self.pinyin_initials = pinyin_initials(self.text)[:MAX_LABEL_LENGTH]

    def clean_fields(self, exclude: object = None) -> None:
        """Forms validate the derived fields too."""
        if self.text and hasattr(self, "tag"):
            self.derive()
        super().clean_fields(exclude=exclude)  # type: ignore[arg-type]


class TagOperation(PublicModel):
    """One change of the taxonomy as a whole: its plan, what it touched, who did it, what reverted it."""

    id_prefix: ClassVar[str] = "op"

    class Kind(models.TextChoices):
        MERGE = "merge", _("merge")
        SPLIT = "split", _("split")
        MOVE = "move", _("move")
        DEPRECATE = "deprecate", _("deprecate")
        RETIRE = "retire", _("retire")
        SYNONYM = "synonym", _("synonym")
        ACTIVATE = "activate", _("put back into use")

    vocabulary = models.ForeignKey(Vocabulary, models.PROTECT, related_name="operations")
    kind = models.CharField(max_length=10, choices=Kind)
    plan = models.JSONField(help_text=_("what was asked for"))
    impact = models.JSONField(default=dict, help_text=_("counts of what it touches"))
    changes = models.JSONField(default=list, help_text=_("what it changed, row by row, with the values before"))
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    reverted_by = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reverts", editable=False
    )

    class Meta:
        verbose_name = _("tag operation")
        verbose_name_plural = _("tag operations")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.public_id}"


class TagProposal(PublicModel):
    """A tag that somebody missed: it waits in a queue until a taxonomy admin decides."""

    id_prefix: ClassVar[str] = "prop"

    class State(models.TextChoices):
        OPEN = "open", _("open")
        ACCEPTED = "accepted", _("accepted")
        REFUSED = "refused", _("refused")

    vocabulary = models.ForeignKey(Vocabulary, models.CASCADE, related_name="proposals")
    text = models.CharField(max_length=MAX_LABEL_LENGTH)
    normalised_text = models.CharField(max_length=2 * MAX_LABEL_LENGTH, editable=False)
    language = models.CharField(max_length=20, default="en")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    times_proposed = models.PositiveIntegerField(default=1)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="tag_proposals"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="decided_proposals"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    tag = models.ForeignKey(Tag, models.SET_NULL, null=True, blank=True, related_name="proposals")

    class Meta:
        verbose_name = _("tag proposal")
        verbose_name_plural = _("tag proposals")
        ordering = ("-times_proposed", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["vocabulary", "normalised_text"], condition=Q(state="open"), name="proposal_open_once"
            )
        ]

    def __str__(self) -> str:
        return self.text
