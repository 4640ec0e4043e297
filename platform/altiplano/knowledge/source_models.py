"""Places from which a collection's documents are brought, and which document came from where."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.tenancy import OrganizationModel


class SourceState(models.TextChoices):
    """How the last load went, or how far it is."""

    NEW = "new", _("not loaded yet")
    QUEUED = "queued", _("waiting")
    LOADING = "loading", _("loading")
    DONE = "done", _("loaded")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("stopped")


class Repeat(models.TextChoices):
    """How often a source is loaded by itself."""

    NEVER = "", _("Only when somebody asks for it")
    DAILY = "daily", _("Every day")
    WEEKLY = "weekly", _("Every week")


UNDER_WAY = (SourceState.QUEUED, SourceState.LOADING)


class Source(OrganizationModel):
    """A loader with its settings, and what it is to bring into a collection.

    ``pin`` is the exact release of the loader (``catalog.pins``). ``reference`` says what to bring,
    in words that the loader knows. The counts are of the last load; ``refused`` lists the files
    that it brought and that were not taken, each with ``name`` and ``reason``.
    """

    collection = models.ForeignKey(
        "knowledge.Collection", on_delete=models.CASCADE, related_name="sources"
    )
    name = models.CharField(_("name"), max_length=200)
    plugin = models.CharField(max_length=64)
    config = models.JSONField(default=dict)
    pin = models.JSONField()
    reference = models.JSONField(default=dict)
    repeat = models.CharField(max_length=10, choices=Repeat, blank=True, default=Repeat.NEVER)
    next_at = models.DateTimeField(null=True, editable=False)
    state = models.CharField(max_length=10, choices=SourceState, default=SourceState.NEW)
    reason = models.CharField(max_length=500, blank=True)
    new_count = models.PositiveIntegerField(default=0)
    changed_count = models.PositiveIntegerField(default=0)
    same_count = models.PositiveIntegerField(default=0)
    refused = models.JSONField(default=list)
    began_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("source")
        constraints = [
            models.UniqueConstraint(
                fields=["collection", "name"], name="source_name_is_unique_in_collection"
            ),
            models.CheckConstraint(
                condition=Q(state__in=SourceState.values), name="source_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(repeat="") | Q(next_at__isnull=False),
                name="a_repeated_source_has_a_next_time",
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="source_due"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY

    @property
    def brought_count(self) -> int:
        """Files that the last load has looked at."""
        return self.new_count + self.changed_count + self.same_count + len(self.refused)


class LoadedDocument(OrganizationModel):
    """A document that a source brought; ``gone_since`` is set while the source has it no more."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="brought")
    document = models.OneToOneField(
        "knowledge.Document", on_delete=models.CASCADE, related_name="brought_by"
    )
    seen_at = models.DateTimeField()
    gone_since = models.DateTimeField(null=True)

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("loaded document")

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.document_id}"
