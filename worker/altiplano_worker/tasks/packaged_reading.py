"""Reading a document with plugins from outside, where its collection names them.

What has no plugin from outside is done as ever: a file whose kind the chosen parser does not know
goes to the built-in reader, in its own process.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

import altiplano_sdk as sdk
from altiplano.catalog.domain.running import RunPlugin
from altiplano.knowledge.domain.ingestion import Reading
from altiplano.knowledge.reading import Step
from altiplano_worker.runtime.context import stage_log
from altiplano_worker.runtime.loader import installed_plugins
from altiplano_worker.runtime.parse_language import detect_language
from altiplano_worker.runtime.parsing import ParseOutcome
from altiplano_worker.runtime.reading_limits import checked_spans, checked_text
from altiplano_worker.runtime.sandbox.plugins import RemoteParser
from altiplano_worker.tasks.collection_plugins import runnable_releases
from altiplano_worker.tasks.plugin_host import plugin_host

T = TypeVar("T")


class Wait(Protocol):
    """The result of work on the process's loop, with the job's lease kept meanwhile."""

    def __call__(self, work: Coroutine[Any, Any, T]) -> T: ...


@dataclass(frozen=True, slots=True)
class PackagedReading:
    """One document of a collection that names a plugin from outside. For the task's thread."""

    reading: Reading
    source: sdk.SourceFile
    text_chars: int
    read_built_in: Callable[[], ParseOutcome]
    wait: Wait

    def read(self) -> ParseOutcome:
        """The text with its language, and the spans of its chunks.

        Raises what the plugins do, and PermanentError when one of them must not run any more.
        """
        parser, splitter = self.reading.way.parser, self.reading.way.splitter
        document = None
        if parser is not None and parser.pin is not None:
            releases = runnable_releases(self.reading.organization_id, [parser.pin])
            document = self.wait(self._parse(parser, releases))
        if document is None:
            built_in = self.read_built_in()
            if splitter.pin is None:  # which the built-in reader has split by already
                return built_in
            document = built_in.document
        elif document.language is None:
            document = replace(document, language=detect_language(document.text))
        if splitter.pin is not None:
            releases = runnable_releases(self.reading.organization_id, [splitter.pin])
            return ParseOutcome(document, self.wait(self._split(splitter, releases, document)))
        built_in_splitter: sdk.Splitter = installed_plugins().create(
            sdk.StageKind.SPLITTER, splitter.plugin, splitter.config
        )
        return ParseOutcome(document, asyncio.run(built_in_splitter.split(document, self._context)))

    @property
    def _context(self) -> sdk.Context:
        return sdk.Context(log=stage_log(run_id=f"document-{self.reading.version_id}"))

    async def _parse(self, step: Step, releases: Sequence[RunPlugin]) -> sdk.ParsedDocument | None:
        """None when the collection's parser does not read files of this kind."""
        async with plugin_host.open_plugins(self.reading.organization_id, releases) as registry:
            parser: RemoteParser = registry.create(sdk.StageKind.PARSER, step.plugin, step.config)
            await parser.prepare()
            if self.source.media_type not in parser.media_types:
                return None
            document = await parser.parse(self.source, self._context)
            return checked_text(document, text_chars=self.text_chars)

    async def _split(
        self, step: Step, releases: Sequence[RunPlugin], document: sdk.ParsedDocument
    ) -> tuple[sdk.Span, ...]:
        async with plugin_host.open_plugins(self.reading.organization_id, releases) as registry:
            splitter: sdk.Splitter = registry.create(
                sdk.StageKind.SPLITTER, step.plugin, step.config
            )
            spans = await splitter.split(document, self._context)
            return checked_spans(spans, document, plugin=step.plugin)
