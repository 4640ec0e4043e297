"""What is new about the challenges, for feed readers: editions, and dates that changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.syndication.views import Feed
from django.urls import reverse, reverse_lazy
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from altiplano.challenges.models import Edition
from altiplano.challenges.queries import published_editions

MOST_ITEMS = 50


@dataclass(frozen=True, slots=True)
class News:
    """One item; ``key`` tells it apart for ever."""

    key: str
    title: str
    text: str
    at: datetime
    edition: str


class ChallengeFeed(Feed):  # type: ignore[type-arg]
    feed_type = Atom1Feed
    title = gettext_lazy("News of the challenge")
    link = reverse_lazy("challenges:editions")
    subtitle = gettext_lazy("New editions, and every change of their dates.")

    def items(self) -> list[News]:
        found = [item for edition in published_editions() for item in news_of(edition)]
        return sorted(found, key=lambda item: (item.at, item.key), reverse=True)[:MOST_ITEMS]

    def item_title(self, item: News) -> str:
        return item.title

    def item_description(self, item: News) -> str:
        """As HTML, which is what readers take a summary for."""
        return escape(item.text)

    def item_link(self, item: News) -> str:
        return reverse("challenges:edition", args=[item.edition])

    def item_guid(self, item: News) -> str:
        return f"urn:uuid:{item.key}"

    def item_pubdate(self, item: News) -> datetime:
        return item.at

    def item_updateddate(self, item: News) -> datetime:
        return item.at


def news_of(edition: Edition) -> list[News]:
    """That it was announced, and each extension with its reason."""
    if edition.published_at is None:
        return []
    announced = News(
        key=str(edition.id),
        title=edition.name,
        text=edition.challenge.summary,
        at=edition.published_at,
        edition=edition.slug,
    )
    longer = [
        News(
            key=str(extension.id),
            title=_("%(edition)s: more time for %(phase)s")
            % {"edition": edition.name, "phase": phase.get_kind_display()},
            text=extension.reason,
            at=extension.extended_at,
            edition=edition.slug,
        )
        for phase in edition.phases.all()
        for extension in phase.extensions.all()
    ]
    return [announced, *longer]
