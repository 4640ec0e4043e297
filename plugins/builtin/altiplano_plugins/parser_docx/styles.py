"""What paragraph styles say that matters for text: title, list, hidden."""

from dataclasses import dataclass
from typing import Any

from altiplano_plugins.parser_docx.names import w
from altiplano_plugins.parser_docx.numbering import read_int

_MAX_INHERITANCE = 20


@dataclass(frozen=True, slots=True)
class ListPlace:
    """A paragraph's list and level."""

    list_id: str
    level: int


@dataclass(frozen=True, slots=True)
class Styles:
    """Facts about styles by their id, inheritance resolved."""

    places: dict[str, ListPlace]
    titles: frozenset[str]
    hidden: frozenset[str]


def read_styles(root: Any | None) -> Styles:
    """The styles declared in ``word/styles.xml``."""
    if root is None:
        return Styles({}, frozenset(), frozenset())
    by_id = {str(style.get(w("styleId"))): style for style in root.iterfind(w("style"))}
    places: dict[str, ListPlace] = {}
    hidden: set[str] = set()
    for style_id in by_id:
        for ancestor in _ancestry(style_id, by_id):
            place = list_place(ancestor.find(w("pPr")))
            if place is not None and style_id not in places:
                places[style_id] = place
            if is_vanished(ancestor.find(w("rPr"))):
                hidden.add(style_id)
    titles = {
        style_id
        for style_id, style in by_id.items()
        if (name := style.find(w("name"))) is not None
        and str(name.get(w("val"))).lower() in ("title", "titre")
    }
    return Styles(places, frozenset(titles), frozenset(hidden))


def _ancestry(style_id: str, by_id: dict[str, Any]) -> list[Any]:
    """The style and those it is based on, nearest first; a circle ends."""
    chain: list[Any] = []
    current: str | None = style_id
    while current in by_id and len(chain) < _MAX_INHERITANCE:
        style = by_id[str(current)]
        chain.append(style)
        based_on = style.find(w("basedOn"))
        current = str(based_on.get(w("val"))) if based_on is not None else None
    return chain


def list_place(properties: Any | None) -> ListPlace | None:
    """The list that paragraph ``properties`` name themselves. List "0" means: in none."""
    numbering = properties.find(w("numPr")) if properties is not None else None
    if numbering is None:
        return None
    list_id = numbering.find(w("numId"))
    level = numbering.find(w("ilvl"))
    return ListPlace(
        str(list_id.get(w("val"))) if list_id is not None else "0",
        read_int(level.get(w("val"))) if level is not None else 0,
    )


def is_vanished(properties: Any | None) -> bool:
    """Whether run ``properties`` hide their text."""
    vanish = properties.find(w("vanish")) if properties is not None else None
    return vanish is not None and vanish.get(w("val"), "true") not in ("0", "false", "off")
