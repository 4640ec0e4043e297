"""The URLconf, flattened."""

import re
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

PLACEHOLDER = re.compile(r"<(?:\w+:)?(\w+)>")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def all_routes() -> list[str]:
    """Every route of the portal as the URLconf writes it, without its first slash, each once."""
    return list(dict.fromkeys(_walk(get_resolver().url_patterns, "")))


def _walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        else:
            yield route


def path_of(route: str, ids: dict[str, str]) -> str:
    """The address of the route with its placeholders filled."""
    return "/" + PLACEHOLDER.sub(lambda match: ids[match.group(1)], route)
