"""Which elements of a page a visitor reads."""

import re
from typing import Any

_NEVER_SHOWN = frozenset({
    "script", "style", "template", "head", "title", "meta", "link", "noscript", "iframe",
    "frame", "object", "embed", "applet", "param", "audio", "video", "source", "track",
    "canvas", "svg", "math", "map", "area", "input", "select", "option", "optgroup", "datalist",
    "button", "progress", "meter", "noframes", "rt", "rp",
})  # fmt: skip

_HIDING_STYLE = re.compile(
    r"(?:^|;)\s*(?:display\s*:\s*none"
    r"|visibility\s*:\s*(?:hidden|collapse)"
    r"|opacity\s*:\s*0*\.?0*\s*(?:!|;|$)"
    r"|font-size\s*:\s*0*\.?0*[a-z%]*\s*(?:!|;|$))",
    re.IGNORECASE,
)

_NAVIGATION_ROLES = frozenset({"navigation", "search", "menu", "menubar"})


def is_never_shown(tag: str) -> bool:
    """Elements that hold code, data, forms or reading aids rather than text."""
    return tag in _NEVER_SHOWN


def is_hidden(element: Any) -> bool:
    """Whether the page's author asked browsers not to show ``element``."""
    attributes = element.attrib
    if not attributes and element.tag != "dialog":
        return False
    return (
        "hidden" in attributes
        or attributes.get("aria-hidden", "").strip().lower() == "true"
        or (element.tag == "dialog" and "open" not in attributes)
        or _HIDING_STYLE.search(attributes.get("style", "")) is not None
    )


def is_navigation(element: Any) -> bool:
    return element.tag == "nav" or element.get("role", "").strip().lower() in _NAVIGATION_ROLES
