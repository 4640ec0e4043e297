"""An edition from the dashboard to its readers: written on the clocks of Paris, read in Santiago."""

import re
import secrets

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Platform, enter_dashboard, open_page

pytestmark = pytest.mark.e2e
WIDTHS = {1280: 900, 390: 844}
ANCHORS = "Nothing\nA little\nHalf of it\nMost of it\nAll of it"


def write_part(page: Page, prefix: str, chosen: dict[str, str], typed: dict[str, str]) -> None:
    """One row below the tab of that name."""
    page.locator(f"a[href='#{prefix}']").first.click()
    page.locator(f"#{prefix}-group a.add-row").click()
    for name, value in chosen.items():
        page.select_option(f"[name={prefix}-0-{name}]", value)
    for name, text in typed.items():
        page.fill(f"[name={prefix}-0-{name}]", text)


def write_edition(page: Page, platform: Platform, slug: str) -> None:
    page.goto(platform.url + "/admin/challenges/edition/add/")
    page.select_option("[name=challenge]", index=1)
    page.select_option("[name=rules]", index=1)
    page.select_option("[name=zone]", "Europe/Paris")
    for name, text in {
        "slug": slug,
        "name_en": f"Edition {slug}",
        "name_fr": f"Édition {slug}",
        "brief_en": "Show what your documents can do.",
        "brief_fr": "Montrez ce que peuvent vos documents.",
        "rules_notice_hours": "0",
        "languages": "en fr",
    }.items():
        page.fill(f"[name={name}]", text)
    write_part(page, "phases", {"kind": "entry"}, {
        "opens_at_0": "2036-10-01",
        "opens_at_1": "09:00:00",
        "closes_at_0": "2036-10-26",
        "closes_at_1": "23:59:00",
        "grace_minutes": "10",
    })  # fmt: skip
    write_part(page, "tracks", {"kind": "environment"}, {
        "slug": "water", "name_en": "Water", "name_fr": "Eau",
    })  # fmt: skip
    write_part(page, "criteria", {}, {
        "slug": "impact",
        "name_en": "Impact",
        "name_fr": "Effet",
        "anchors_en": ANCHORS,
        "anchors_fr": ANCHORS,
    })  # fmt: skip
    page.locator("[name=_continue]").click()
    expect(page.locator("[name=slug]")).to_have_value(slug)


def publish(page: Page) -> None:
    page.get_by_role("button", name="Publish").click()
    page.locator("button.ops-danger").click()
    expect(page.locator("body")).to_contain_text("Done for 1 row.")


def test_edition_is_written_published_and_read_elsewhere(
    browser: Browser, platform: Platform, operator: dict[str, str]
):
    slug = f"e{secrets.token_hex(4)}"
    context, page = open_page(browser)
    enter_dashboard(page, platform, operator)
    write_edition(page, platform, slug)
    expect(page.locator("[name=phases-0-closes_at_1]")).to_have_value("23:59:00")
    publish(page)
    context.close()

    context, page = open_page(browser, timezone_id="America/Santiago")
    page.goto(f"{platform.url}/challenge/{slug}/")
    expect(page.locator("h1")).to_have_text(f"Edition {slug}")
    closes = page.locator(".dates td").nth(1)
    expect(closes).to_contain_text("26 October 2036, 23:59")
    expect(closes).to_contain_text("26 October 2036, 19:59 America/Santiago")
    expect(closes).to_contain_text("within 10 minutes")
    expect(page.locator(".countdown")).to_contain_text(re.compile(r"^in [\d,]+ days, \d+ hours?$"))
    page.locator(".zone summary").click()
    page.select_option("#id_zone", "Pacific/Kiritimati")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(".dates td").nth(1)).to_contain_text("27 October 2036, 12:59")
    context.close()


def test_countdown_goes_by_the_servers_clock(browser: Browser, platform: Platform):
    """A reader whose clock is a month ahead sees what everybody sees."""
    said = []
    for ahead_ms in (0, 30 * 86_400_000):
        context, page = open_page(browser)
        page.add_init_script(f"const real = Date.now; Date.now = () => real() + {ahead_ms};")
        page.goto(platform.url + "/challenge/demo/")
        expect(page.locator(".countdown").first).to_be_visible()
        said.append(page.locator(".countdown").first.inner_text())
        context.close()
    assert said[0] == said[1]
    assert re.match(r"in \d+ (day|hour)", said[0]), said


def test_without_a_script_everything_is_there_but_the_countdown(
    browser: Browser, platform: Platform
):
    context, page = open_page(browser, java_script_enabled=False)
    page.goto(platform.url + "/challenge/demo/")
    expect(page.locator(".countdown").first).to_be_hidden()
    for title in ("Dates", "Tracks", "Prizes", "How entries are judged", "Rules"):
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    expect(page.locator(".standing-when")).to_contain_text("Europe/Paris")
    page.locator(".zone summary").click()
    page.select_option("#id_zone", "America/Santiago")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(".standing-when")).to_contain_text("America/Santiago (UTC-3)")
    context.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_pages_fit_the_screen(browser: Browser, platform: Platform, width: int, language: str):
    size = {"width": width, "height": WIDTHS[width]}
    context, page = open_page(browser, viewport=size, timezone_id="America/Santiago")
    context.add_cookies([{"name": "django_language", "value": language, "url": platform.url}])
    for address in ("/challenge/", "/challenge/demo/"):
        page.goto(platform.url + address)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{address} is {wide} px too wide"
    context.close()
