"""Every page of the admin dashboard, for every operator: by keyboard, by ear, on a phone, in the dark."""

import re
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Platform, enter_dashboard, open_page
from tests.e2e.test_browser_manners import WCAG_22_AA

READERS = [("en", 1280, "light"), ("fr", 390, "dark")]
FEWEST_PAGES = 60
ADD_FORMS = (
    "kernel/organizationlimits",
    "ops/maintenancenotice",
    "auth/group",
    "challenges/edition",
    "challenges/extension",
    "challenges/heldoutquestion",
)


@pytest.fixture(scope="module", params=READERS, ids=lambda each: "-".join(map(str, each)))
def dashboard(request, browser, platform: Platform, operator) -> Iterator[Page]:
    """The overview, entered; errors of scripts and refusals of the policy fail the test."""
    language, width, scheme = request.param
    context, page = open_page(
        browser, viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    context.add_cookies([{"name": "django_language", "value": language, "url": platform.url}])
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None,
    )
    enter_dashboard(page, platform, operator)
    yield page
    context.close()
    assert problems == []


def every_address(page: Page, platform: Platform) -> Iterator[str]:
    """Our own pages, every table, the first row of each, and what adds a row where something may."""
    yield from ("/admin/", "/admin/everything/", "/admin/queues/runs/")
    page.goto(platform.url + "/admin/everything/")
    tables = addresses_in(page, "#content a")
    for table in tables:
        yield table
        page.goto(platform.url + table)
        yield from addresses_in(page, "#result_list a[href*='/change/']")[:1]
    yield from (f"/admin/{name}/add/" for name in ADD_FORMS)


def addresses_in(page: Page, selector: str) -> list[str]:
    found: list[str] = page.eval_on_selector_all(
        selector, "links => links.map((link) => link.getAttribute('href').split('?')[0])"
    )
    return found


def faults_of(page: Page) -> list[object]:
    """What axe finds, whether the page is wider than the window, and the cells that cut their words."""
    cut = page.eval_on_selector_all(
        "#result_list td",
        """cells => cells.filter((cell) => cell.scrollHeight > cell.clientHeight + 1)
            .map((cell) => "cut: " + cell.innerText)""",
    )
    is_wide = page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )
    violations = Axe().run(page, options=WCAG_22_AA).response["violations"]
    found = [(one["id"], one["nodes"][0]["target"]) for one in violations]
    return [*found, *cut, *(["wider than the window"] if is_wide else [])]


def test_every_page_is_accessible_and_fits(dashboard: Page, platform: Platform):
    found, seen = {}, 0
    for address in every_address(dashboard, platform):
        response = dashboard.goto(platform.url + address)
        dashboard.wait_for_load_state("load")
        seen += 1
        if response is None or response.status != 200:
            found[address] = [response and response.status]
        elif faults := faults_of(dashboard):
            found[address] = faults
    assert found == {}
    assert seen >= FEWEST_PAGES


def open_filters(page: Page) -> None:
    if page.viewport_size and page.viewport_size["width"] > 600:
        page.set_viewport_size({"width": 1280, "height": 900})
    page.locator("[x-on\\:click='filterOpen = true']").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#changelist-filter h3").first).to_be_visible()


def open_list_of_a_field(page: Page) -> None:
    page.locator(".select2-selection").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".select2-results__option").first).to_be_visible()


def open_menu(page: Page) -> None:
    toggle = page.locator("header button:visible").first
    if toggle.get_attribute("aria-expanded") == "false":
        toggle.focus()
        page.keyboard.press("Enter")
    expect(page.locator("#nav-sidebar")).to_be_visible()
    expect(toggle).to_have_attribute("aria-expanded", "true")
    page.locator("[aria-controls=ops-user-links]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#ops-user-links")).to_be_visible()


def ask_to_confirm(page: Page) -> None:
    page.locator("#result_list a[href*='/change/']").first.click()
    page.locator("form button[type=submit].ops-button").first.click()
    expect(page.locator(".ops-names li")).to_have_count(1)


def select_a_row(page: Page) -> None:
    page.locator("input.action-select").first.check()
    expect(page.locator("select[name=action]")).to_be_visible()


def ask_to_delete(page: Page) -> None:
    page.fill("[name=name]", f"Readers {page.evaluate('Date.now()')}")
    page.locator("[name=_continue]").click()
    page.goto(page.url.replace("/change/", "/delete/"))
    expect(page.locator("input[name=post]")).to_have_count(1)


def miss_a_field(page: Page) -> None:
    page.locator("[name=_save]").click()
    expect(page.locator(".errorlist, .errornote, [id$=_error]").first).to_be_visible()


@pytest.mark.parametrize(
    ("address", "act"),
    [
        ("/admin/kernel/job/", open_filters),
        ("/admin/kernel/organizationlimits/add/", open_list_of_a_field),
        ("/admin/", open_menu),
        ("/admin/accounts/organization/", ask_to_confirm),
        ("/admin/accounts/organization/", select_a_row),
        ("/admin/auth/group/add/", ask_to_delete),
        ("/admin/ops/maintenancenotice/add/", miss_a_field),
    ],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_what_opens_is_accessible(
    dashboard: Page, platform: Platform, address: str, act: Callable[[Page], None]
):
    dashboard.goto(platform.url + address)
    act(dashboard)
    assert faults_of(dashboard) == []


def test_place_of_a_person_is_asked_for_accessibly(dashboard: Page, platform: Platform):
    dashboard.goto(f"{platform.url}/admin/accounts/user/?q={platform.demo['email']}")
    dashboard.locator("#result_list a[href*='/change/']").first.click()
    dashboard.locator("a[href*='/stand-in/']").click()
    expect(dashboard.locator("#ops-reason")).to_be_visible()
    assert faults_of(dashboard) == []


def test_content_is_reached_past_the_menu(dashboard: Page, platform: Platform):
    dashboard.goto(platform.url + "/admin/kernel/job/")
    dashboard.keyboard.press("Tab")
    expect(dashboard.locator(".ops-skip")).to_be_focused()
    dashboard.keyboard.press("Enter")
    expect(dashboard).to_have_url(re.compile("#content$"))
    dashboard.keyboard.press("Tab")
    assert dashboard.evaluate("document.querySelector('main').contains(document.activeElement)")
