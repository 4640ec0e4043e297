"""What unfold's frame says that neither unfold nor Django has French for.

Nothing reads this list while the dashboard runs: it puts the words into the project's catalogue,
where Django finds them when unfold's templates ask. A test compares it with those templates.
"""

from typing import Final

from django.utils.translation import gettext_noop as _

FRAME_WORDS: Final = (
    _("All applications"),
    _("Apply Filters"),
    _("Click to download"),
    _("Dark"),
    _("Date"),
    _("Expand row"),
    _("False"),
    _("Filters"),
    _("General"),
    _("Go back"),
    _("Light"),
    _("Loading more results..."),
    _("More actions"),
    _("No recent searches"),
    _("No results found"),
    _("No results matching your query"),
    _("Recent searches"),
    _("Reset filters"),
    _("Run"),
    _("Search apps and models..."),
    _("Select action"),
    _("Select action to run"),
    _("Select all rows"),
    _("Select record"),
    _("Select value"),
    _("System"),
    _("This page yielded into no results. Create a new item or reset your filters."),
    _("True"),
    _("Type to search"),
)
