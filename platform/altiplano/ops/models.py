"""What operators tell everyone, and the rights that belong to no table."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class MaintenanceNotice(models.Model):
    """A sentence on every page from one moment to another, in both languages."""

    id = models.BigAutoField(primary_key=True)
    text_en = models.CharField(_("English"), max_length=300)
    text_fr = models.CharField(_("French"), max_length=300)
    starts_at = models.DateTimeField(_("shown from"))
    ends_at = models.DateTimeField(_("shown until"))

    class Meta:
        verbose_name = _("maintenance notice")
        verbose_name_plural = _("maintenance notices")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="a_notice_ends_after_it_starts",
                violation_error_message=_("The notice must end after it starts."),
            )
        ]
        indexes = [models.Index(fields=["ends_at"], name="notice_by_end")]

    def __str__(self) -> str:
        return self.text_en[:80]


class SandboxReport(models.Model):
    """What a worker found when it tried the doors of the sandbox on its machine; see ``sandboxes``."""

    machine = models.CharField(_("machine"), max_length=120, primary_key=True)
    status = models.JSONField(_("status"), default=dict)
    checked_at = models.DateTimeField(_("checked at"))

    class Meta:
        verbose_name = _("sandbox report")
        verbose_name_plural = _("sandbox reports")

    def __str__(self) -> str:
        return self.machine


class Operation(models.Model):
    """No table: the rights of staff that no other model carries."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = [
            ("hold_queue", _("Can pause, drain and open queues")),
            ("stand_in", _("Can work in a person's place")),
        ]
