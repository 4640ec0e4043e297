"""People, organizations, what each may do, and the record of what they did."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.append_only import AppendOnlyError
from altiplano.accounts.consent_models import (  # noqa: F401 - Django finds models here
    Consent,
    LegalDocument,
    LegalText,
    LegalVersion,
)
from altiplano.kernel.tenancy import IdentifiedModel, OrganizationModel


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **extra: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)


class User(AbstractBaseUser, PermissionsMixin, IdentifiedModel):
    """A person, known by e-mail address."""

    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    language = models.CharField(_("language"), max_length=5, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return self.email


class OrganizationKind(models.TextChoices):
    PUBLIC = "public", _("public body")
    NON_PROFIT = "non-profit", _("non-profit")
    FOR_PROFIT = "for-profit", _("company")
    ACADEMIC = "academic", _("academic institution")


class Organization(IdentifiedModel):
    """The tenant: owns everything below it."""

    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(max_length=60, unique=True)
    kind = models.CharField(_("kind"), max_length=12, choices=OrganizationKind)
    country = models.CharField(_("country"), max_length=2, blank=True)
    is_suspended = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("organization")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=OrganizationKind.values), name="organization_kind_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    OWNER = "owner", _("owner")
    BUILDER = "builder", _("builder")
    VIEWER = "viewer", _("viewer")


class Membership(OrganizationModel):
    """A person's place in an organization, with one role."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="memberships", editable=False
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=8, choices=Role)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("membership")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user"], name="one_membership_per_person"
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}, {self.organization_id} ({self.get_role_display()})"


class Invitation(OrganizationModel):
    """An offer to join, sent to an e-mail address. Only the SHA-256 of its link's token is stored.

    It is open until it is accepted or withdrawn; an open one whose time is over can be sent again,
    with a new link.
    """

    email = models.EmailField(_("e-mail address"))
    role = models.CharField(_("role"), max_length=8, choices=Role)
    language = models.CharField(_("language"), max_length=5)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    sent_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"))
    accepted_at = models.DateTimeField(null=True, editable=False)
    withdrawn_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("invitation")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "email"],
                condition=Q(accepted_at=None, withdrawn_at=None),
                name="one_open_invitation_per_address",
            ),
            models.CheckConstraint(
                condition=Q(role__in=Role.values), name="invitation_role_is_known"
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None) | Q(withdrawn_at=None),
                name="invitation_ends_in_one_way",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email}, {self.organization_id} ({self.get_role_display()})"


class TokenScope(models.TextChoices):
    """What a token may do; a person's role still bounds it."""

    READ = "read", _("read documents, apps and runs")
    WRITE = "write", _("change documents and apps")
    RUN = "run", _("ask apps")


class ApiToken(OrganizationModel):
    """A key for programs. Only its SHA-256 is stored; the key itself is shown once."""

    created_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(max_length=16, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("API key")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class AuditQuerySet(models.QuerySet["AuditEvent"]):
    def update(self, **kwargs: Any) -> int:
        raise AppendOnlyError

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError


class AuditEvent(models.Model):
    """Append-only record of who did what to which object.

    It points at rows by id, not by foreign key: it outlives them.
    """

    id = models.BigAutoField(primary_key=True)
    organization_id = models.UUIDField(null=True, db_index=True)
    actor_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=254)
    token_id = models.UUIDField(null=True)
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64)
    data = models.JSONField(default=dict)
    happened_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = AuditQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit event")
        indexes = [models.Index(fields=["organization_id", "-id"], name="audit_recent")]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise AppendOnlyError
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError


ObjectId = uuid.UUID | str
