"""ALT206 to ALT216: one Python file, read as a tree and never imported."""

import ast
import warnings
from collections.abc import Iterator

from altiplano_sdk.packaging import closed_doors as doors
from altiplano_sdk.packaging.findings import Finding
from altiplano_sdk.packaging.rulebook import code as rules
from altiplano_sdk.packaging.rulebook.rule import Rule


def code_findings(path: str, source: bytes) -> tuple[ast.Module | None, tuple[Finding, ...]]:
    """The file as a tree, None when it is no Python, and what is wrong with it, by line."""
    try:
        # Python's own warnings about the text are for whoever runs it.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source, filename=path)
    except SyntaxError as error:
        message = f"This is not Python: {error.msg}."
        return None, (rules.SYNTAX.finding(message, file=path, line=error.lineno or 0),)
    except (ValueError, RecursionError, MemoryError):
        return None, (rules.SYNTAX.finding("This is not Python.", file=path),)
    reader = _Reader(path)
    try:
        reader.visit(tree)
    except RecursionError:
        return None, (rules.SYNTAX.finding("Expressions are nested too deeply.", file=path),)
    return tree, tuple(sorted(reader.findings, key=lambda finding: finding.line))


class _Reader(ast.NodeVisitor):
    """Walks a file once; knows what names mean by its imports, and whether it is inside async."""

    def __init__(self, path: str) -> None:
        self.findings: list[Finding] = []
        self._path = path
        self._names: dict[str, str] = {}
        self._functions: list[bool] = []

    def _report(self, rule: Rule, node: ast.AST, message: str, hint: str = "") -> None:
        line = getattr(node, "lineno", 0)
        self.findings.append(rule.finding(message, file=self._path, line=line, hint=hint))

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._names[alias.asname or alias.name.partition(".")[0]] = (
                alias.name if alias.asname else alias.name.partition(".")[0]
            )
            self._check_module(alias.name, node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        for alias in node.names:
            if alias.name == "*":
                self._report(rules.IMPORT_STAR, node, f"`from {module or '.'} import *`.")
            elif not node.level:
                self._names[alias.asname or alias.name] = f"{module}.{alias.name}"
        if node.level:
            return
        before = len(self.findings)
        self._check_module(module, node)
        if len(self.findings) == before:
            for alias in node.names:
                self._check_module(f"{module}.{alias.name}", node)

    def _check_module(self, module: str, node: ast.AST) -> None:
        if any(root in doors.PLATFORM for root in _prefixes(module)):
            self._report(rules.PLATFORM_IMPORT, node, f"`{module}` is the platform's own.")
        elif closed := next((p for p in _prefixes(module) if p in doors.CLOSED), None):
            message = f"`{module}` is closed in the sandbox."
            self._report(rules.CLOSED_IMPORT, node, message, doors.CLOSED[closed])
        elif any(prefix in doors.NETWORK for prefix in _prefixes(module)):
            self._report(rules.NETWORK_IMPORT, node, f"`{module}` has no network in the sandbox.")
        elif any(prefix in doors.MODELS for prefix in _prefixes(module)):
            self._report(
                rules.NETWORK_IMPORT,
                node,
                f"`{module}` has no network in the sandbox.",
                "Use `ctx.llm` with [grants] model_use, or `ctx.http` with [grants] network_hosts.",
            )

    def visit_Call(self, node: ast.Call) -> None:
        name = self._dotted(node.func)
        if name:
            self._check_call(name, node)
        if not self._functions:
            method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            if name in doors.WORK or method in doors.WORK_METHODS:
                called = name or f".{method}"
                self._report(rules.TOP_LEVEL_WORK, node, f"`{called}(...)` runs at import.")
        self.generic_visit(node)

    def _check_call(self, name: str, node: ast.Call) -> None:
        if name.startswith(doors.PROGRAMS):
            self._report(rules.CLOSED_CALL, node, f"`{name}` is closed.", doors.NO_PROGRAMS)
        elif name in doors.CLOSED_CALLS:
            self._report(rules.CLOSED_CALL, node, f"`{name}` is closed.", doors.CLOSED_CALLS[name])
        elif name in doors.UNPICKLING:
            self._report(rules.UNPICKLING, node, f"`{name}` may run what it reads.")
        if self._functions and self._functions[-1] and name in doors.BLOCKING:
            self._report(rules.BLOCKING, node, f"`{name}` blocks the whole process.")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._check_environment(self._dotted(node), node)
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        self._check_environment(self._names.get(node.id, ""), node)

    def _check_environment(self, name: str, node: ast.AST) -> None:
        if name in doors.ENVIRONMENT:
            self._report(rules.ENVIRONMENT, node, f"`{name}` is empty in the sandbox.")

    def visit_Global(self, node: ast.Global) -> None:
        names = ", ".join(node.names)
        self._report(rules.GLOBAL_STATE, node, f"`global {names}` outlives the call.")

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._enter(node, is_async=False)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._enter(node, is_async=True)

    def _enter(self, node: ast.FunctionDef | ast.AsyncFunctionDef, *, is_async: bool) -> None:
        # Decorators and default values are computed when the function is defined: at import.
        for outside in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults):
            if outside is not None:
                self.visit(outside)
        self._functions.append(is_async)
        for statement in node.body:
            self.visit(statement)
        self._functions.pop()

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._functions.append(False)
        self.visit(node.body)
        self._functions.pop()

    def visit_If(self, node: ast.If) -> None:
        if self._dotted(node.test) == "typing.TYPE_CHECKING":
            for statement in node.orelse:
                self.visit(statement)
        else:
            self.generic_visit(node)

    def _dotted(self, node: ast.AST) -> str:
        """``os.path.join`` for an attribute or a name, by what it was imported as; else empty."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([self._names.get(node.id, node.id), *reversed(parts)])


def _prefixes(module: str) -> Iterator[str]:
    parts = module.split(".")
    return (".".join(parts[:length]) for length in range(1, len(parts) + 1))
