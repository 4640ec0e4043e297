"""ALT201 to ALT205: the classes that the manifest names, compared with their Protocols."""

import ast
import inspect
from collections.abc import Iterator, Mapping
from typing import Any, Final

import altiplano_sdk as sdk
from altiplano_sdk.packaging.findings import Finding
from altiplano_sdk.packaging.rulebook import code as rules

PROTOCOLS: Final[Mapping[sdk.StageKind, type]] = {
    sdk.StageKind.LOADER: sdk.Loader,
    sdk.StageKind.PARSER: sdk.Parser,
    sdk.StageKind.SPLITTER: sdk.Splitter,
    sdk.StageKind.EMBEDDER: sdk.Embedder,
    sdk.StageKind.INDEX: sdk.Index,
    sdk.StageKind.RETRIEVER: sdk.Retriever,
    sdk.StageKind.RERANKER: sdk.Reranker,
    sdk.StageKind.QUERY: sdk.QueryRewriter,
    sdk.StageKind.PROMPT: sdk.Prompt,
    sdk.StageKind.GUARD: sdk.Guard,
    sdk.StageKind.GENERATOR: sdk.Generator,
    sdk.StageKind.TOOL: sdk.Tool,
    sdk.StageKind.EVALUATOR: sdk.Evaluator,
}
_HOPS: Final = 8
"""How many re-exports are followed from the module that ``entry`` names to the class."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def entry_findings(
    manifest: sdk.PackageManifest, trees: Mapping[str, ast.Module]
) -> Iterator[Finding]:
    """What is wrong with each provided class. ``trees`` are the package's files by path."""
    for provided in manifest.provides:
        module, _, name = provided.entry.partition(":")
        path = _file_of(module, trees)
        if path is None:
            yield rules.NO_MODULE.finding(f"There is no module `{module}`.")
            continue
        found = _find_class(path, name, trees)
        if found is None:
            yield rules.NO_CLASS.finding(f"There is no class `{name}` in `{module}`.", file=path)
        elif isinstance(found[1], ast.ClassDef):
            yield from _class_findings(provided.kind, found[0], found[1])


def _file_of(module: str, trees: Mapping[str, ast.Module]) -> str | None:
    base = module.replace(".", "/")
    return next((path for path in (f"{base}/__init__.py", f"{base}.py") if path in trees), None)


def _find_class(
    path: str, name: str, trees: Mapping[str, ast.Module]
) -> tuple[str, ast.ClassDef | None] | None:
    """The file and the class; no class when it is made by a call or comes from a wheel."""
    for _ in range(_HOPS):
        bound = _bound(trees[path], name)
        if isinstance(bound, ast.ClassDef):
            return path, bound
        if isinstance(bound, ast.Assign | ast.AnnAssign):
            return path, None
        if bound is None:
            return None
        module, name = _origin(path, bound, name)
        target = _file_of(module, trees)
        if target is None:
            inside = module.partition(".")[0] == path.partition("/")[0]
            return None if inside else (path, None)
        path = target
    return None


def _bound(
    tree: ast.Module, name: str
) -> ast.ClassDef | ast.ImportFrom | ast.Assign | ast.AnnAssign | None:
    """The last statement of the module that gives ``name`` a meaning."""
    for node in reversed(tree.body):
        if isinstance(node, ast.ClassDef) and node.name == name:
            return node
        if isinstance(node, ast.ImportFrom) and any(
            name == (alias.asname or alias.name) for alias in node.names
        ):
            return node
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return node if isinstance(node, ast.Assign | ast.AnnAssign) else None
    return None


def _origin(path: str, node: ast.ImportFrom, name: str) -> tuple[str, str]:
    """The module and the name there of what ``node`` imports as ``name``."""
    real = next(alias.name for alias in node.names if name == (alias.asname or alias.name))
    if not node.level:
        return node.module or "", real
    package = path.split("/")[: -node.level]
    return ".".join([*package, *(node.module or "").split(".")]).rstrip("."), real


def _class_findings(kind: sdk.StageKind, path: str, node: ast.ClassDef) -> Iterator[Finding]:
    if "manifest" in _attributes(node):
        line = next(
            statement.lineno for statement in node.body if "manifest" in _names_set(statement)
        )
        message = f"`{node.name}.manifest` is set by the platform."
        yield rules.OWN_MANIFEST.finding(message, file=path, line=line)
    methods = {item.name: item for item in node.body if isinstance(item, _Function)}
    if _has_unknown_base(node):
        return
    start = methods.get("__init__")
    if start is None or not _takes(start, 2):
        message = f"`{node.name}(config)` is how the platform makes it."
        yield rules.TAKES_CONFIG.finding(message, file=path, line=(start or node).lineno)
    for name, expected in wanted_methods(kind).items():
        yield from _method_findings(kind, path, node, methods.get(name), name, expected)
    held = _attributes(node) | set(methods) | _set_in_init(start)
    for name in sorted(wanted_attributes(kind) - held):
        message = f"`{node.name}.{name}` is missing: a {kind} has it."
        yield rules.PROTOCOL.finding(message, file=path, line=node.lineno)


def _method_findings(
    kind: sdk.StageKind,
    path: str,
    node: ast.ClassDef,
    method: _Function | None,
    name: str,
    expected: Any,
) -> Iterator[Finding]:
    shown = f"`{_signature(name, expected)}`"
    # `index.md` is the page that names them all.
    page = "index-kind" if kind is sdk.StageKind.INDEX else kind
    hint = f"Write {shown}; see docs/reference/plugin-kinds/{page}.md."
    if method is None:
        message = f"`{node.name}.{name}` is missing: a {kind} has it."
        yield rules.PROTOCOL.finding(message, file=path, line=node.lineno, hint=hint)
        return
    wants_async = inspect.iscoroutinefunction(expected)
    is_async = isinstance(method, ast.AsyncFunctionDef)
    if wants_async and not is_async:
        message = f"`{node.name}.{name}` is not async."
        yield rules.PROTOCOL.finding(message, file=path, line=method.lineno, hint=hint)
    elif is_async and not wants_async and not _yields(method):
        message = f"`{node.name}.{name}` is async and yields nothing."
        yield rules.PROTOCOL.finding(message, file=path, line=method.lineno, hint=hint)
    if not _takes(method, len(inspect.signature(expected).parameters)):
        message = f"`{node.name}.{name}` takes other arguments."
        yield rules.PROTOCOL.finding(message, file=path, line=method.lineno, hint=hint)


def wanted_methods(kind: sdk.StageKind) -> dict[str, Any]:
    """The methods of the kind's Protocol, by name."""
    return {
        name: member
        for name, member in vars(PROTOCOLS[kind]).items()
        if not name.startswith("_") and inspect.isfunction(member)
    }


def wanted_attributes(kind: sdk.StageKind) -> set[str]:
    """The attributes that the kind's Protocol names beside its methods."""
    return set(inspect.get_annotations(PROTOCOLS[kind]))


def _signature(name: str, expected: Any) -> str:
    word = "async def" if inspect.iscoroutinefunction(expected) else "def"
    return f"{word} {name}({', '.join(inspect.signature(expected).parameters)})"


def _takes(method: _Function, count: int) -> bool:
    """Whether the method can be called with ``count`` arguments by position, self included."""
    given = method.args
    most = len(given.posonlyargs) + len(given.args)
    least = most - len(given.defaults)
    needs_names = any(default is None for default in given.kw_defaults)
    return least <= count and (count <= most or given.vararg is not None) and not needs_names


def _yields(method: _Function) -> bool:
    return any(isinstance(node, ast.Yield) for node in ast.walk(method))


def _has_unknown_base(node: ast.ClassDef) -> bool:
    """Whether methods may come from elsewhere: what cannot be seen is left to conformance."""
    known = {"object", *(protocol.__name__ for protocol in PROTOCOLS.values())}
    names = (base.attr if isinstance(base, ast.Attribute) else base for base in node.bases)
    return any((n.id if isinstance(n, ast.Name) else n) not in known for n in names)


def _attributes(node: ast.ClassDef) -> set[str]:
    return {name for statement in node.body for name in _names_set(statement)}


def _names_set(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.AnnAssign):
        targets: list[ast.expr] = [statement.target]
    else:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _set_in_init(start: _Function | None) -> set[str]:
    """Names of attributes that ``__init__`` sets on self."""
    if start is None or not start.args.args:
        return set()
    own = start.args.args[0].arg
    return {
        node.attr
        for node in ast.walk(start)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == own
    }
