"""The suites of a package, made from its manifest: an author writes no test file for them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import FunctionType
from typing import Any, Final

import pytest

from altiplano_sdk.contracts.kinds import StageKind
from altiplano_sdk.testing.base import ConformanceSuite, suite_tests
from altiplano_sdk.testing.embedder_suite import EmbedderSuite
from altiplano_sdk.testing.evaluator_suite import EvaluatorSuite
from altiplano_sdk.testing.generator_suite import GeneratorSuite
from altiplano_sdk.testing.guard_suite import GuardSuite
from altiplano_sdk.testing.index_suite import DenseIndexSuite, LexicalIndexSuite
from altiplano_sdk.testing.loader_suite import LoaderSuite
from altiplano_sdk.testing.package import OpenedPackage
from altiplano_sdk.testing.parser_suite import ParserSuite
from altiplano_sdk.testing.prompt_suite import PromptSuite
from altiplano_sdk.testing.query_suite import QuerySuite
from altiplano_sdk.testing.reranker_suite import RerankerSuite
from altiplano_sdk.testing.retriever_suite import RetrieverSuite
from altiplano_sdk.testing.sample_files import WRITERS
from altiplano_sdk.testing.samples import Samples, SamplesError
from altiplano_sdk.testing.splitter_suite import SplitterSuite
from altiplano_sdk.testing.tool_suite import ToolSuite

SUITES: Final[Mapping[StageKind, type[ConformanceSuite]]] = {
    StageKind.LOADER: LoaderSuite,
    StageKind.PARSER: ParserSuite,
    StageKind.SPLITTER: SplitterSuite,
    StageKind.EMBEDDER: EmbedderSuite,
    StageKind.INDEX: DenseIndexSuite,
    StageKind.RETRIEVER: RetrieverSuite,
    StageKind.RERANKER: RerankerSuite,
    StageKind.QUERY: QuerySuite,
    StageKind.PROMPT: PromptSuite,
    StageKind.GUARD: GuardSuite,
    StageKind.GENERATOR: GeneratorSuite,
    StageKind.TOOL: ToolSuite,
    StageKind.EVALUATOR: EvaluatorSuite,
}


def suites_of(
    package: OpenedPackage, kinds: Collection[StageKind] | None = None
) -> dict[StageKind, type[ConformanceSuite]]:
    """A suite class for each provided kind, or for those of ``kinds``.

    Raises SamplesError when an exception names no test of the suite.
    """
    return {
        kind: _suite(kind, cls, package.samples)
        for kind, cls in package.classes.items()
        if kinds is None or kind in kinds
    }


def _suite(kind: StageKind, cls: Any, samples: Samples) -> type[ConformanceSuite]:
    base = SUITES[kind]
    config = samples.configs.get(kind, {})
    members: dict[str, Any] = {"plugin_class": cls, "config": config, "samples": samples}
    if kind is StageKind.INDEX and _attribute(cls, config, "signal") == "lexical":
        base = LexicalIndexSuite
    if kind is StageKind.PARSER:
        members |= _parser_members(_attribute(cls, config, "media_types") or (), samples)
    suite = type(f"Test{kind.value.title()}", (base,), members)
    tests = suite_tests(suite)
    for name, reason in samples.exceptions.get(kind, {}).items():
        if name not in tests or name == "test_suite_is_whole" or not reason.strip():
            raise SamplesError(f"[exceptions.{kind}] {name}: no such test, or no reason")
        setattr(suite, name, _excused(tests[name], reason))
    return suite


def _attribute(cls: Any, config: Mapping[str, Any], name: str) -> Any:
    """The attribute of the class, or of an instance where only instances have it."""
    if hasattr(cls, name):
        return getattr(cls, name)
    return getattr(cls(cls.Config.model_validate(dict(config))), name, None)


def _parser_members(media_types: Sequence[str], samples: Samples) -> dict[str, Any]:
    sample = samples.file
    if sample is not None:
        content = sample.content
        return _with_writer(
            next(iter(media_types), ""), lambda path, _: path.write_bytes(content), sample.shows
        )
    for media_type in media_types:
        if media_type in WRITERS:
            return _with_writer(media_type, WRITERS[media_type])
    return _with_writer(next(iter(media_types), ""), _skip)


def _with_writer(
    media_type: str,
    write: Callable[[Path, Sequence[str]], object],
    paragraphs: Sequence[str] = ParserSuite.paragraphs,
) -> dict[str, Any]:
    def make_file(_: Any, path: Path, paragraphs: Sequence[str]) -> None:
        write(path, paragraphs)

    return {"media_type": media_type, "make_file": make_file, "paragraphs": paragraphs}


def _skip(*_: Any) -> None:
    pytest.skip("conformance.toml names no [parser] file, and the suites cannot write this format")


def _excused(test: Any, reason: str) -> Any:
    """The same test, whose failure is expected for ``reason``."""
    copy = FunctionType(
        test.__code__, test.__globals__, test.__name__, test.__defaults__, test.__closure__
    )
    copy.__dict__.update(test.__dict__)
    return pytest.mark.xfail(reason=reason, strict=False)(copy)
