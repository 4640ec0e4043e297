"""The models and the tool servers that the platform may call."""

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.tenancy import IdentifiedModel


class Provider(models.TextChoices):
    """Which dialect of the OpenAI protocol an endpoint speaks."""

    OPENAI = "openai", _("OpenAI protocol")
    VLLM = "vllm", "vLLM"
    LLAMA_CPP = "llama.cpp", "llama.cpp"


EMBEDDED_NAME: Final = gettext_noop("Embedded demonstration model")
DEFAULT_NAME: Final = gettext_noop("Default model")
GIVEN_NAMES: Final = frozenset({EMBEDDED_NAME, DEFAULT_NAME})
"""What the platform calls the model of its settings, as it is stored."""


class ModelEndpoint(IdentifiedModel):
    """A served model: base address with its ``/v1``, model name, limits, provider.

    Without an organization it serves all. ``sealed_key`` is encrypted (``serving.domain.keys``).
    """

    organization = models.ForeignKey(
        "accounts.Organization", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    name = models.CharField(_("name"), max_length=100)
    base_url = models.CharField(_("address"), max_length=500)
    model = models.CharField(_("model"), max_length=200)
    provider = models.CharField(max_length=12, choices=Provider, default=Provider.OPENAI)
    sealed_key = models.BinaryField(default=b"", blank=True)
    context_tokens = models.PositiveIntegerField(default=4096)
    is_demonstration = models.BooleanField(default=False)
    is_enabled = models.BooleanField(default=True)
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("model endpoint")
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True, organization__isnull=True),
                name="one_default_endpoint",
            ),
            models.CheckConstraint(
                condition=Q(context_tokens__gte=256), name="endpoint_holds_a_prompt"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.said_name} ({self.model})"

    @property
    def said_name(self) -> str:
        """The name; in the reader's language where the platform itself gave it."""
        return gettext(self.name) if self.name in GIVEN_NAMES else self.name


class ToolServer(IdentifiedModel):
    """An MCP server whose tools pipelines may use; without an organization all of them may.

    It has either an ``address``, which an operator approved by entering it, or the name of a
    ``program`` among those that the platform's settings define: nowhere does the database hold a
    command. ``offered`` is what the server said last, read by a worker (``checked_at``); ``problem``
    why it could not be read. ``approved`` is what staff let in: what the server said first after its
    address was entered, and later what they looked at; None before that. Pipelines may use ``tools``,
    which is what both agree on. ``sealed_key`` is encrypted as those of model endpoints are.
    """

    organization = models.ForeignKey(
        "accounts.Organization", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    name = models.CharField(_("name"), max_length=100)
    slug = models.SlugField(_("short name"), max_length=40, unique=True)
    address = models.CharField(_("address"), max_length=500, blank=True)
    program = models.CharField(_("program"), max_length=40, blank=True)
    sealed_key = models.BinaryField(default=b"", blank=True)
    is_private = models.BooleanField(_("may lie in a private network"), default=False)
    is_enabled = models.BooleanField(_("switched on"), default=True)
    tools = models.JSONField(default=list, editable=False)
    offered = models.JSONField(default=list, editable=False)
    approved = models.JSONField(null=True, editable=False)
    awaits_approval = models.BooleanField(
        _("offers something that nobody approved"), default=False, editable=False
    )
    problem = models.CharField(_("problem"), max_length=300, blank=True, editable=False)
    checked_at = models.DateTimeField(_("read at"), null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("tool server")
        constraints = [
            models.CheckConstraint(
                condition=Q(address="") ^ Q(program=""), name="tool_server_is_reached_one_way"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def plugin(self) -> str:
        """What stages call it: no package can have such an id."""
        return f"mcp:{self.slug}"
