"""Names of WordprocessingML elements and attributes, with their namespaces written out."""

_MAIN = (
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "http://purl.oclc.org/ooxml/wordprocessingml/main",  # the strict variant
)
_PREFIX = f"{{{_MAIN[0]}}}"
_STRICT_PREFIX = f"{{{_MAIN[1]}}}"


def w(name: str) -> str:
    """``name`` in the main namespace."""
    return _PREFIX + name


def use_transitional_names(root: object) -> None:
    """Renames the elements and attributes of a strict document, in place."""
    for element in root.iter(f"{_STRICT_PREFIX}*"):  # type: ignore[attr-defined]
        element.tag = _PREFIX + element.tag.removeprefix(_STRICT_PREFIX)
        for name in [name for name in element.attrib if name.startswith(_STRICT_PREFIX)]:
            element.set(_PREFIX + name.removeprefix(_STRICT_PREFIX), element.attrib.pop(name))
