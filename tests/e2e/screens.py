"""Pictures of every page, in both languages and widths, light and dark, for people to look at.

``make screens`` runs it; the pictures land in ``screens/``, which git ignores.
"""

from pathlib import Path

import pytest

from tests.e2e.conftest import enter_dashboard, open_address, open_page, sign_in
from tests.e2e.pages import DASHBOARD, PAGES, Visitor

SCREENS = Path(__file__).resolve().parents[2] / "screens"
WIDTHS = {1280: 900, 390: 844}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_of_every_page(browser, platform, places, operator, width, language, scheme):
    folder = SCREENS / f"{language}-{width}-{scheme}"
    folder.mkdir(parents=True, exist_ok=True)
    for visitor in Visitor:
        context, page = open_page(
            browser,
            viewport={"width": width, "height": WIDTHS[width]},
            color_scheme=scheme,
        )
        context.add_cookies([{"name": "django_language", "value": language, "url": platform.url}])
        if visitor is Visitor.OWNER:
            sign_in(page, platform)
        if visitor is Visitor.OPERATOR:
            enter_dashboard(page, platform, operator)
        for each in (*PAGES, *DASHBOARD):
            if each.visitor is visitor:
                open_address(page, platform, each.address.format(**places))
                page.wait_for_load_state("networkidle")
                page.screenshot(path=folder / f"{each.name}.png", full_page=True)
        context.close()
