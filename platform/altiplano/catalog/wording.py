"""What a plugin is and may do, in the words of those who decide about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from altiplano.kernel.sentences import said_size
from altiplano_sdk import Grants, PackageManifest, StageKind

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

KIND_NAMES: Final[Mapping[str, StrPromise]] = {
    StageKind.LOADER: gettext_lazy("Loader"),
    StageKind.PARSER: gettext_lazy("Parser"),
    StageKind.SPLITTER: gettext_lazy("Splitter"),
    StageKind.EMBEDDER: gettext_lazy("Embedder"),
    StageKind.INDEX: gettext_lazy("Index"),
    StageKind.RETRIEVER: gettext_lazy("Retriever"),
    StageKind.RERANKER: gettext_lazy("Reranker"),
    StageKind.QUERY: gettext_lazy("Query"),
    StageKind.PROMPT: gettext_lazy("Prompt"),
    StageKind.GUARD: gettext_lazy("Guard"),
    StageKind.GENERATOR: gettext_lazy("Generator"),
    StageKind.TOOL: gettext_lazy("Tool"),
    StageKind.EVALUATOR: gettext_lazy("Evaluator"),
}
_SEES: Final[Mapping[str, StrPromise]] = {
    StageKind.LOADER: gettext_lazy("It sees the address or the settings you give it."),
    StageKind.PARSER: gettext_lazy("It sees every file that it reads."),
    StageKind.SPLITTER: gettext_lazy("It sees the text of every document."),
    StageKind.EMBEDDER: gettext_lazy("It sees every passage and every question."),
    StageKind.INDEX: gettext_lazy("It sees the vectors and texts of every passage."),
    StageKind.RETRIEVER: gettext_lazy("It sees each question and the passages it finds."),
    StageKind.RERANKER: gettext_lazy("It sees each question and the passages found for it."),
    StageKind.QUERY: gettext_lazy("It sees each question and what was said before."),
    StageKind.PROMPT: gettext_lazy("It sees each question and the passages found for it."),
    StageKind.GUARD: gettext_lazy("It sees each question, its passages and the answer."),
    StageKind.GENERATOR: gettext_lazy("It sees the whole prompt, and writes the answer."),
    StageKind.TOOL: gettext_lazy("It sees what the model asks it."),
    StageKind.EVALUATOR: gettext_lazy("It sees the questions and answers it judges."),
}


@dataclass(frozen=True, slots=True)
class Touch:
    """One thing that a plugin may do. ``field`` names it in the form in which it is granted.

    ``is_far`` is true of what leaves the platform or reveals something to the plugin's author.
    """

    field: str
    sentence: str
    is_far: bool = False


def touches_of(grants: Grants | Mapping[str, Any]) -> tuple[Touch, ...]:
    """What the grants allow, the farthest first; empty for a plugin that needs nothing."""
    if not isinstance(grants, Grants):
        grants = Grants.model_validate(grants)
    return tuple(_touches(grants))


def _touches(grants: Grants) -> list[Touch]:
    found = [
        Touch(f"host.{host}", _("Sends data to %(host)s") % {"host": host}, is_far=True)
        for host in grants.network_hosts
    ]
    found += [
        Touch(f"secret.{name}", _("Reads the secret %(name)s") % {"name": name}, is_far=True)
        for name in grants.secrets
    ]
    if grants.model_use:
        found.append(Touch("model_use", _("Asks the app's language model")))
    if grants.embedding_use:
        found.append(Touch("embedding_use", _("Uses the embedding model of the collections")))
    if grants.index_use:
        found.append(Touch("index_use", _("Searches the collections of the app it works in")))
    if grants.storage_bytes:
        said = _("Keeps up to %(size)s of its own data") % {"size": said_size(grants.storage_bytes)}
        found.append(Touch("storage", said))
    return found


def needs_of(grants: Grants | Mapping[str, Any]) -> str:
    """How much of the machine one call may take."""
    if not isinstance(grants, Grants):
        grants = Grants.model_validate(grants)
    seconds = int(-(-grants.seconds // 1))
    return ngettext(
        "Up to %(memory)s of memory and %(seconds)d second for each call",
        "Up to %(memory)s of memory and %(seconds)d seconds for each call",
        seconds,
    ) % {"memory": said_size(grants.memory_bytes), "seconds": seconds}


def kinds_of(manifest: Mapping[str, Any]) -> list[StrPromise | str]:
    """The names of the kinds that a package provides."""
    return [KIND_NAMES.get(each["kind"], each["kind"]) for each in manifest["provides"]]


def sees_of(manifest: Mapping[str, Any]) -> list[str]:
    """What a package is handed for its work, whatever else is granted; each sentence once."""
    sentences = (str(_SEES[each["kind"]]) for each in manifest["provides"] if each["kind"] in _SEES)
    return list(dict.fromkeys(sentences))


def new_touches(before: PackageManifest, after: PackageManifest) -> Sequence[Touch]:
    """What a newer release asks for that the older one did not."""
    known = {touch.sentence for touch in touches_of(before.grants)}
    return [touch for touch in touches_of(after.grants) if touch.sentence not in known]
