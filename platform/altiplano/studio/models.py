"""Apps, their drafts and their frozen versions."""

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.tenancy import OrganizationModel


class App(OrganizationModel):
    """A question-answering product that an organization offers.

    ``draft_pipeline`` is ``{"stages": [{"kind", "plugin", "config"}], ...}`` and may change at any
    time; ``draft_revision`` grows with each change of the draft, so that of two people who edit it
    the second is told. ``published_version`` is what the public asks.
    """

    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(max_length=60)
    collections = models.ManyToManyField("knowledge.Collection", related_name="apps")
    endpoint = models.ForeignKey(
        "serving.ModelEndpoint", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    draft_pipeline = models.JSONField()
    draft_revision = models.PositiveIntegerField(default=1)
    published_version = models.ForeignKey(
        "AppVersion", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("app")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "slug"], name="app_slug_is_unique_in_organization"
            )
        ]

    def __str__(self) -> str:
        return self.name


class DraftRevision(OrganizationModel):
    """What a draft was after its change ``number``, and whose change that was.

    So that of two people who edit a draft the second sees what the first one did. The oldest are
    forgotten.
    """

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    pipeline = models.JSONField()
    collection_ids = models.JSONField()
    endpoint = models.ForeignKey(
        "serving.ModelEndpoint", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    changed_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("revision of a draft")
        constraints = [
            models.UniqueConstraint(
                fields=["app", "number"], name="draft_revision_is_unique_in_app"
            )
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.number}"


class DraftPackage(OrganizationModel):
    """The app's draft uses the draft of a package that its organization makes.

    Only the draft: what others are answered with was published, and so were its plugins.
    """

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="draft_packages")
    package = models.ForeignKey("catalog.Package", on_delete=models.CASCADE, related_name="+")
    attached_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("draft of a plugin in an app")
        constraints = [
            models.UniqueConstraint(
                fields=["app", "package"], name="package_is_attached_once_to_app"
            )
        ]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)


class FrozenVersionError(RuntimeError):
    """A frozen version was about to be changed."""


class AppVersion(OrganizationModel):
    """Immutable, publishable configuration of an app.

    ``plugins`` pins the release of each plugin from outside (``studio.plugins.pin_plugins``).
    """

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    pipeline = models.JSONField()
    plugins = models.JSONField(default=list)
    collection_ids = models.JSONField()
    endpoint = models.ForeignKey(
        "serving.ModelEndpoint", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("app version")
        constraints = [
            models.UniqueConstraint(
                fields=["app", "number"], name="version_number_is_unique_in_app"
            )
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise FrozenVersionError
        super().save(*args, **kwargs)


class Accent(models.TextChoices):
    """The colours a public page may be given; each is legible on light and on dark ground."""

    INDIGO = "indigo", _("indigo")
    FOREST = "forest", _("forest green")
    OCEAN = "ocean", _("ocean blue")
    PLUM = "plum", _("plum")
    BRICK = "brick", _("brick red")
    SLATE = "slate", _("slate grey")


class AppSharing(OrganizationModel):
    """How an app meets people who are not members: on its public page and on other websites.

    An app without a row is private. ``domains`` are the exact hosts whose pages may embed the chat;
    with none, nobody's may. Empty texts stand for what the page says by itself.
    ``example_languages`` are those of the ``examples``, in their order; empty for every reader's.
    """

    app = models.OneToOneField(App, on_delete=models.CASCADE, related_name="sharing")
    is_public = models.BooleanField(_("public"), default=False)
    domains = models.JSONField(_("allowed websites"), default=list, blank=True)
    opens_documents = models.BooleanField(_("visitors may open documents"), default=False)
    accent = models.CharField(_("colour"), max_length=8, choices=Accent, default=Accent.INDIGO)
    title = models.CharField(_("title"), max_length=80, blank=True)
    greeting = models.CharField(_("greeting"), max_length=400, blank=True)
    placeholder = models.CharField(_("hint in the field"), max_length=80, blank=True)
    examples = models.JSONField(_("example questions"), default=list, blank=True)
    example_languages = models.JSONField(
        _("languages of the example questions"), default=list, blank=True
    )
    questions_per_visitor = models.PositiveIntegerField(
        _("questions per visitor and hour"), default=20
    )
    questions_per_day = models.PositiveIntegerField(
        _("questions of all visitors a day"), default=500
    )

    class Meta(OrganizationModel.Meta):
        abstract = False
        verbose_name = _("sharing of an app")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(accent__in=Accent.values), name="sharing_accent_is_known"
            )
        ]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    @property
    def marked_examples(self) -> list[tuple[str, str]]:
        """The example questions, each with its language, or with none for all readers."""
        languages = [*self.example_languages, *[""] * len(self.examples)]
        return list(zip(self.examples, languages, strict=False))

    def examples_for(self, language: str) -> list[str]:
        """The example questions for readers of this language."""
        return [text for text, own in self.marked_examples if own in ("", language)]
