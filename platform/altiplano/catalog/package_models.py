"""Plugins from outside: packages, their releases, who installed them and what they keep.

A package is not below an organization: once published, everybody may install it. So its managers
have doors of their own, and like those of :mod:`altiplano.kernel.tenancy` no door is left open.
"""

from __future__ import annotations

import uuid
from typing import Any, NoReturn, TypeVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import NotFoundError
from altiplano.kernel.tenancy import IdentifiedModel, OrganizationModel, UnscopedQueryError

M = TypeVar("M", bound=models.Model)


class PackageManager(models.Manager["Package"]):
    """The ways in which a person may come to packages."""

    def get_queryset(self) -> NoReturn:
        raise UnscopedQueryError("Package.objects needs .in_catalogue(), .owned_by() or .seen_by()")

    def in_catalogue(self) -> models.QuerySet[Package]:
        """Those that anybody may install."""
        return self._all().filter(current__isnull=False)

    def owned_by(self, organization_id: uuid.UUID) -> models.QuerySet[Package]:
        return self._all().filter(owner_id=organization_id)

    def seen_by(self, organization_id: uuid.UUID) -> models.QuerySet[Package]:
        """The catalogue, the organization's own, and what it installed while that was offered."""
        installed = Installation.objects.within(organization_id).values("package_id")
        return self._all().filter(
            Q(current__isnull=False) | Q(owner_id=organization_id) | Q(id__in=installed)
        )

    def get_seen_by(self, organization_id: uuid.UUID, slug: str) -> Package:
        """Raises NotFoundError, alike for a package that is nobody's and one that is hidden."""
        return _one(self.seen_by(organization_id).select_related("current"), slug=slug)

    def get_owned_by(self, organization_id: uuid.UUID, slug: str) -> Package:
        """Raises NotFoundError."""
        return _one(self.owned_by(organization_id), slug=slug)

    def _all(self) -> models.QuerySet[Package]:
        return models.QuerySet(self.model, using=self._db)


class Package(IdentifiedModel):
    """What an author makes: one name, releases, and one class for each kind it provides.

    ``slug`` is the package's id, which stages of pipelines name; it is never given away again.
    ``current`` is the newest published release, None while there is none. A package whose owner
    was deleted stays for those who use it.
    """

    slug = models.CharField(_("id"), max_length=64, unique=True)
    owner = models.ForeignKey(
        "accounts.Organization", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    current = models.ForeignKey(
        "PackageRelease", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    unscoped = models.Manager()
    objects = PackageManager()

    class Meta:
        verbose_name = _("package")
        default_manager_name = "unscoped"
        base_manager_name = "unscoped"

    def __str__(self) -> str:
        return self.slug


class AuthorKey(OrganizationModel):
    """A public key (Ed25519) whose signatures are the organization's.

    A key that is retired signs nothing new, and what it signed stays good. One that is revoked is
    not believed any more: what it signed and nobody has published is refused.
    """

    name = models.CharField(_("name"), max_length=80)
    public_key = models.CharField(_("public key"), max_length=64)
    fingerprint = models.CharField(_("fingerprint"), max_length=16)
    created_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    retired_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("author key")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "fingerprint"], name="author_key_is_known_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.fingerprint})"

    @property
    def is_active(self) -> bool:
        return self.retired_at is None and self.revoked_at is None


class PackageState(models.TextChoices):
    """Where a release stands on its way from its author to everybody."""

    DRAFT = "draft", _("draft")
    CHECKING = "checking", _("being checked")
    REFUSED = "refused", _("refused by the checks")
    IN_REVIEW = "in_review", _("waiting for review")
    PUBLISHED = "published", _("published")
    REJECTED = "rejected", _("rejected by the review")
    WITHDRAWN = "withdrawn", _("taken back")
    RECALLED = "recalled", _("recalled")


TAKEN_STATES = (
    PackageState.CHECKING,
    PackageState.IN_REVIEW,
    PackageState.PUBLISHED,
    PackageState.RECALLED,
)
"""A version in one of these is used up; after a refusal the same number may be tried again."""


class CheckStep(models.TextChoices):
    """What the checks of an uploaded release are at, in the order in which they come."""

    WAITING = "waiting", _("waits for a worker")
    ARCHIVE = "archive", _("the file is opened")
    CODE = "code", _("manifest, files and code are read")
    SUITES = "suites", _("tests run in the sandbox")


class PackageReleaseManager(models.Manager["PackageRelease"]):
    """The ways in which a person may come to releases."""

    def get_queryset(self) -> NoReturn:
        raise UnscopedQueryError("PackageRelease.objects needs .owned_by() or .published()")

    def published(self) -> models.QuerySet[PackageRelease]:
        return self._all().filter(state=PackageState.PUBLISHED)

    def owned_by(self, organization_id: uuid.UUID) -> models.QuerySet[PackageRelease]:
        return self._all().filter(package__owner_id=organization_id)

    def get_owned_by(self, organization_id: uuid.UUID, pk: object) -> PackageRelease:
        """Raises NotFoundError, also for something that is no id."""
        return _one(self.owned_by(organization_id).select_related("package"), pk=pk)

    def _all(self) -> models.QuerySet[PackageRelease]:
        return models.QuerySet(self.model, using=self._db)


class PackageRelease(IdentifiedModel):
    """One version of a package, with all that is known of it without running it.

    ``digest`` is over the contents, whoever signed them; ``files`` maps each entry of the archive
    to its SHA-256. ``report`` is what the author measured, ``conformance`` what the platform did,
    ``findings`` why the checks complain. ``check_step`` says how far these are, with counts where
    there is something to count. A draft changes with each upload; nothing else does.
    """

    package = models.ForeignKey(Package, on_delete=models.CASCADE, related_name="releases")
    version = models.CharField(_("version"), max_length=40)
    state = models.CharField(max_length=10, choices=PackageState)
    digest = models.CharField(_("checksum"), max_length=64)
    bytes = models.PositiveBigIntegerField()
    manifest = models.JSONField()
    schemas = models.JSONField(_("schemas of the settings"), default=dict)
    files = models.JSONField(_("files"), default=dict)
    sbom = models.JSONField(_("parts list"), default=dict)
    report = models.JSONField(_("the author's report"), default=dict)
    conformance = models.JSONField(_("the platform's report"), default=dict)
    findings = models.JSONField(_("findings"), default=list)
    check_step = models.CharField(max_length=10, choices=CheckStep, default=CheckStep.WAITING)
    checks_done = models.PositiveSmallIntegerField(default=0)
    checks_total = models.PositiveSmallIntegerField(default=0)
    signed_with = models.ForeignKey(
        AuthorKey, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    uploaded_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    uploaded_at = models.DateTimeField(_("uploaded"), default=timezone.now)
    decided_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    published_at = models.DateTimeField(_("published"), null=True)
    reason = models.CharField(max_length=500, blank=True)

    unscoped = models.Manager()
    objects = PackageReleaseManager()

    class Meta:
        verbose_name = _("package release")
        default_manager_name = "unscoped"
        base_manager_name = "unscoped"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=PackageState.values), name="package_release_state_is_known"
            ),
            models.UniqueConstraint(
                fields=["package", "version"],
                condition=Q(state__in=TAKEN_STATES),
                name="package_version_is_used_once",
            ),
            models.UniqueConstraint(
                fields=["package"], condition=Q(state="draft"), name="package_has_one_draft"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("refused", "rejected", "recalled")) | ~Q(reason=""),
                name="a_release_that_is_kept_out_says_why",
            ),
        ]
        indexes = [models.Index(fields=["state", "uploaded_at"], name="package_release_waiting")]

    def __str__(self) -> str:
        return f"{self.package} {self.version}"


class Installation(OrganizationModel):
    """An organization's use of one package, at one release, with the rights it granted.

    ``granted`` is an SDK ``Grants`` as JSON, never more than the release asks for. ``sealed_secrets``
    is encrypted (``catalog.domain.secrets``); ``secret_names`` says which have a value.
    """

    package = models.ForeignKey(Package, on_delete=models.PROTECT, related_name="installations")
    release = models.ForeignKey(
        PackageRelease, on_delete=models.PROTECT, related_name="installations"
    )
    granted = models.JSONField(_("granted"))
    secret_names = models.JSONField(default=list)
    sealed_secrets = models.BinaryField(default=b"", blank=True)
    is_enabled = models.BooleanField(default=True)
    installed_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    installed_at = models.DateTimeField(_("installed"), default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("installation")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "package"], name="package_is_installed_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.package_id} in {self.organization_id}"


class StoreEntry(OrganizationModel):
    """One value that a plugin keeps in one organization. ``size`` counts key and value in bytes."""

    package = models.ForeignKey(Package, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    value = models.BinaryField()
    size = models.PositiveIntegerField()
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("stored value")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "package", "key"], name="stored_key_is_unique_in_package"
            )
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.package_id}"


class PackageConcern(OrganizationModel):
    """What a member of an organization finds wrong with a package, for the platform's staff."""

    package = models.ForeignKey(Package, on_delete=models.CASCADE, related_name="concerns")
    version = models.CharField(_("version"), max_length=40, blank=True)
    text = models.TextField(_("concern"))
    raised_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    raised_at = models.DateTimeField(_("raised"), default=timezone.now, editable=False)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    outcome = models.CharField(_("outcome"), max_length=500, blank=True)

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("concern about a package")

    def __str__(self) -> str:
        return f"concern about {self.package_id}"


def _one(queryset: models.QuerySet[M], **lookup: Any) -> M:
    try:
        found = queryset.filter(**lookup).first()
    except (ValidationError, ValueError, TypeError):  # Django answers a malformed id with the first
        found = None
    if found is None:
        name = queryset.model._meta.verbose_name  # noqa: SLF001 - Django's documented API
        raise NotFoundError(_("There is no such %(name)s."), params={"name": name})
    return found
