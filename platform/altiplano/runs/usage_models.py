"""What was used, rolled up by day, so that a year of it is read in a few hundred rows.

Every run is counted once, when it is over, for the day (UTC) on which it was asked. Apps and people
are named by id and not by foreign key: what was used stays used after they are gone, and counting
locks no row but its own.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.tenancy import ScopedManager


class Door(models.TextChoices):
    """Through which entrance a question came."""

    PORTAL = "portal", _("these pages")
    API = "api", _("the API")
    OPENAI = "openai", _("the OpenAI protocol")
    MCP = "mcp", _("MCP")
    PUBLIC = "public", _("the public page and websites")


class UsageCounts(models.Model):
    """One organization's counts on one day; subclasses say of what.

    ``asked`` includes everything that came to an end: ``failed``, ``cancelled``, and the answers,
    of which ``abstained`` said that the documents do not tell.
    """

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.CASCADE, related_name="+"
    )
    day = models.DateField()

    unscoped = models.Manager()
    objects = ScopedManager()

    class Meta:
        abstract = True
        default_manager_name = "unscoped"
        base_manager_name = "unscoped"


class AppUsage(UsageCounts):
    """Of one app through one door.

    ``helpful`` and ``unhelpful`` are judgements of these answers; the columns from ``begun_in_250_ms``
    on say how soon their first words came (:mod:`altiplano.runs.first_words`).
    """

    app_id = models.UUIDField()
    door = models.CharField(max_length=6, choices=Door)
    asked = models.PositiveIntegerField(default=0)
    abstained = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    prompt_tokens = models.PositiveBigIntegerField(default=0)
    completion_tokens = models.PositiveBigIntegerField(default=0)
    helpful = models.PositiveIntegerField(default=0)
    unhelpful = models.PositiveIntegerField(default=0)
    begun_in_250_ms = models.PositiveIntegerField(default=0)
    begun_in_500_ms = models.PositiveIntegerField(default=0)
    begun_in_750_ms = models.PositiveIntegerField(default=0)
    begun_in_1000_ms = models.PositiveIntegerField(default=0)
    begun_in_1500_ms = models.PositiveIntegerField(default=0)
    begun_in_2000_ms = models.PositiveIntegerField(default=0)
    begun_in_3000_ms = models.PositiveIntegerField(default=0)
    begun_in_4000_ms = models.PositiveIntegerField(default=0)
    begun_in_6000_ms = models.PositiveIntegerField(default=0)
    begun_in_8000_ms = models.PositiveIntegerField(default=0)
    begun_in_12000_ms = models.PositiveIntegerField(default=0)
    begun_in_20000_ms = models.PositiveIntegerField(default=0)
    begun_in_40000_ms = models.PositiveIntegerField(default=0)
    begun_later = models.PositiveIntegerField(default=0)

    class Meta(UsageCounts.Meta):
        abstract = False
        verbose_name = _("usage of an app")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "day", "app_id", "door"],
                name="one_row_per_day_app_and_door",
            )
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.day}, {self.app_id} ({self.get_door_display()})"


class PersonUsage(UsageCounts):
    """Of one person. What visitors of public apps ask is nobody's that we know, and not here."""

    user_id = models.UUIDField()
    asked = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    prompt_tokens = models.PositiveBigIntegerField(default=0)
    completion_tokens = models.PositiveBigIntegerField(default=0)

    class Meta(UsageCounts.Meta):
        abstract = False
        verbose_name = _("usage of a person")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "day", "user_id"], name="one_row_per_day_and_person"
            )
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.day}, {self.user_id}"
