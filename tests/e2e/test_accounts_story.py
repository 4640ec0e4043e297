"""The story of people: signing up, inviting, joining, protecting an account, leaving; in two browsers."""

import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import Platform, open_page
from tests.e2e.test_browser_manners import WCAG_22_AA

PASSWORD = "a long enough password"
NEW_PASSWORD = "another long password"


def open_browser(
    browser: Browser, platform: Platform, language: str | None
) -> tuple[BrowserContext, Page]:
    """A browser of somebody's own, on the landing page, in which the language was clicked."""
    context, page = open_page(browser)
    page.goto(platform.url)
    if language:
        page.locator(f"button[name=language][value={language}]").click()
        expect(page.locator("html")).to_have_attribute("lang", language)
    return context, page


def check(page: Page) -> None:
    """What only a story reaches is as accessible, and as narrow on a phone, as every other page."""
    violations = Axe().run(page, options=WCAG_22_AA).response["violations"]
    assert [(one["id"], one["nodes"][0]["target"]) for one in violations] == [], page.url
    page.set_viewport_size({"width": 390, "height": 800})
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth"), page.url
    page.set_viewport_size({"width": 1280, "height": 900})


def send(page: Page) -> None:
    page.locator("main form button[type=submit]").first.click()


def sign_up(page: Page, platform: Platform, email: str) -> None:
    page.goto(f"{platform.url}/accounts/signup/")
    fill_sign_up(page, email)


def fill_sign_up(page: Page, email: str) -> None:
    page.fill("[name=email]", email)
    page.fill("[name=password1]", PASSWORD)
    page.fill("[name=password2]", PASSWORD)
    send(page)


def sign_in(page: Page, platform: Platform, email: str, password: str = PASSWORD) -> None:
    page.goto(f"{platform.url}/accounts/login/")
    page.fill("[name=login]", email)
    page.fill("[name=password]", password)
    send(page)


def sign_out(page: Page) -> None:
    page.locator("details[data-menu] > summary").click()
    page.locator("form[action='/accounts/logout/'] button").click()
    expect(page.locator("details[data-menu]")).to_have_count(0)


def open_newest_mail(page: Page, platform: Platform, email: str) -> None:
    """Opens the link in the newest mail to the address, from the local page of mails."""
    page.goto(f"{platform.url}/mail/")
    mail = page.locator("article.mail").filter(has_text=email).first
    mail.locator("a[href^=http]").first.click()


def prove(page: Page) -> None:
    """Answers the question whether it is really them."""
    page.wait_for_url("**/reauthenticate/**")
    page.fill("[name=password]", PASSWORD)
    send(page)


@pytest.mark.parametrize(
    ("language", "school", "welcome", "left"),
    [
        ("en", "Elm Street School", "Welcome to Elm Street School.", "You have left"),
        ("fr", "École de l'Orme", "Bienvenue dans École de l'Orme.", "Vous avez quitté"),
    ],
)
def test_people_come_work_together_and_go(browser, platform, language, school, welcome, left):
    stamp = time.time_ns()
    anna_email, ben_email = f"anna-{stamp}@example.org", f"ben-{stamp}@example.org"
    anna_context, anna = open_browser(browser, platform, language)
    ben_context, ben = open_browser(browser, platform, language)

    sign_up(anna, platform, anna_email)
    anna.locator("a[href='/mail/']").click()
    expect(anna.locator("article.mail").first).to_contain_text(anna_email)
    check(anna)
    open_newest_mail(anna, platform, anna_email)
    check(anna)
    send(anna)
    anna.wait_for_url("**/organizations/new/")
    anna.fill("[name=name]", school)
    anna.check("[name=kind][value=public]")
    anna.select_option("[name=country]", "FR")
    send(anna)
    anna.wait_for_url("**/home/")
    expect(anna.locator("h1")).to_have_text(school)

    anna.goto(f"{platform.url}/members/")
    anna.fill("[name=email]", ben_email)
    anna.locator("form.row-form [name=role]").select_option("builder")
    send(anna)
    expect(anna.locator(".messages")).to_contain_text(ben_email)

    open_newest_mail(ben, platform, ben_email)
    expect(ben.locator("h1")).to_contain_text(school)
    check(ben)
    ben.locator("main a.button").first.click()
    expect(ben.locator("[name=email]")).to_have_value(ben_email)
    fill_sign_up(ben, ben_email)
    ben.wait_for_url("**/join/**")
    check(ben)
    invitation = ben.url
    send(ben)
    expect(ben.locator(".messages")).to_contain_text(welcome)

    assert anna.goto(invitation).status == 409
    assert ben.goto(invitation).status == 409

    anna.goto(f"{platform.url}/members/")
    row = anna.locator("tbody tr").filter(has_text=ben_email)
    row.locator("a[href$='/role/']").click()
    expect(anna.locator("[name=role][value=builder]")).to_be_checked()
    check(anna)
    anna.check("[name=role][value=viewer]")
    send(anna)
    expect(anna.locator(".messages")).to_contain_text(ben_email)
    assert ben.goto(f"{platform.url}/collections/new/").status == 403

    ben.goto(f"{platform.url}/members/")
    expect(ben.locator("tbody tr")).to_have_count(2)
    ben.locator("tbody a[href$='/remove/']").click()
    check(ben)
    send(ben)
    ben.wait_for_url("**/organizations/new/")
    expect(ben.locator(".messages")).to_contain_text(left)

    anna.goto(f"{platform.url}/organization/history/?who={ben_email}")
    expect(anna.locator("ol.history li")).to_have_count(2)

    other_context, other = open_browser(browser, platform, None)
    sign_in(other, platform, anna_email)
    other.wait_for_url("**/home/")
    expect(other.locator("html")).to_have_attribute("lang", language)
    anna.goto(f"{platform.url}/accounts/sessions/")
    expect(anna.locator("main .things > li")).to_have_count(2)
    send(anna)
    other.goto(f"{platform.url}/home/")
    other.wait_for_url("**/accounts/login/**")
    for context in (anna_context, ben_context, other_context):
        context.close()


@pytest.fixture
def dora(browser, platform):
    """Someone who has just signed up, and their browser."""
    email = f"dora-{time.time_ns()}@example.org"
    context, page = open_browser(browser, platform, "en")
    sign_up(page, platform, email)
    open_newest_mail(page, platform, email)
    send(page)
    page.wait_for_url("**/organizations/new/")
    yield email, page
    context.close()


def test_forgotten_password_is_replaced(dora, platform):
    email, page = dora
    sign_out(page)
    page.goto(f"{platform.url}/accounts/login/")
    page.get_by_role("link", name="Forgot").click()
    page.fill("[name=email]", email)
    send(page)
    page.wait_for_url("**/password/reset/done/")
    open_newest_mail(page, platform, email)
    assert "set-password" in page.url
    check(page)
    page.fill("[name=password1]", NEW_PASSWORD)
    page.fill("[name=password2]", NEW_PASSWORD)
    send(page)
    page.wait_for_url("**/key/done/")
    sign_in(page, platform, email)
    expect(page.locator("main .notice.error")).to_be_visible()
    sign_in(page, platform, email, NEW_PASSWORD)
    page.wait_for_url("**/organizations/new/")


def code_for(secret: str, steps: int) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def test_code_from_a_phone_is_asked_for(dora, platform):
    email, page = dora
    page.goto(f"{platform.url}/accounts/2fa/totp/activate/")
    prove(page)
    expect(page.locator("img.qr")).to_be_visible()
    assert page.evaluate("document.querySelector('img.qr').naturalWidth") > 0
    check(page)
    secret = page.locator(".secret code").inner_text()
    page.fill("[name=code]", code_for(secret, 0))
    send(page)
    page.wait_for_url("**/2fa/recovery-codes/")
    expect(page.locator(".codes li")).to_have_count(10)
    check(page)
    recovery = page.locator(".codes li").first.inner_text()
    for code in (code_for(secret, 1), recovery):
        sign_out(page)
        sign_in(page, platform, email)
        page.wait_for_url("**/2fa/authenticate/")
        check(page)
        page.fill("[name=code]", code)
        send(page)
        page.wait_for_url("**/organizations/new/")


def test_passkey_replaces_the_password(browser, dora, platform):
    """In a browser with a key of its own making; keys belong to names, so by the name localhost."""
    email, page = dora
    local = Platform(platform.url.replace("127.0.0.1", "localhost"), platform.home, platform.demo)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    wire = page.context.new_cdp_session(page)
    wire.send("WebAuthn.enable")
    wire.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    sign_in(page, local, email)
    page.wait_for_url("**/organizations/new/")
    page.goto(f"{local.url}/accounts/2fa/webauthn/add/")
    prove(page)
    page.wait_for_url("**/webauthn/add/")
    expect(page.locator("[data-passkey-missing]")).to_be_hidden()
    check(page)
    page.fill("[name=name]", "My laptop")
    page.check("[name=passwordless]")
    send(page)
    page.wait_for_url("**/2fa/recovery-codes/")
    page.goto(f"{local.url}/accounts/2fa/webauthn/")
    expect(page.locator("main .things")).to_contain_text("My laptop")
    expect(page.locator("main .things")).to_contain_text("passkey")
    check(page)
    sign_out(page)
    page.goto(f"{local.url}/accounts/login/")
    page.locator("form[data-passkey=login] button").click()
    page.wait_for_url("**/organizations/new/")
    sign_out(page)
    sign_in(page, local, email)
    page.wait_for_url("**/2fa/authenticate/")
    page.locator("form[data-passkey=get] button").click()
    page.wait_for_url("**/organizations/new/")
    assert problems == []


def test_addresses_of_numbers_say_that_keys_need_a_name(dora, platform):
    _, page = dora
    page.goto(f"{platform.url}/accounts/2fa/webauthn/add/")
    prove(page)
    expect(page.locator("[data-passkey-missing]")).to_contain_text("localhost")
    expect(page.locator("form[data-passkey]")).to_be_hidden()
