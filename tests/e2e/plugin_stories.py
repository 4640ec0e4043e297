"""What the stories of plugins share: who takes part, what they read, and the steps of every telling."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Platform, enter_dashboard, every, open_page
from tests.factories.archives import GUARD, Author, write_archive

CHECK_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Words:
    """What people read on the way."""

    key_added: str
    asks: str
    installed: str
    preview: str
    stays: str
    upgraded: str
    new: str
    recalled: str
    publish: str
    recall: str
    suites: str
    cancel: str


WORDS = {
    "en": Words(
        "is yours from now on", "Asks the app's language model", "is installed",
        "Its draft uses the newer release", "goes on answering with 1.0.0", "is at version 1.1.0",
        "It asks for nothing that it did not ask for before", "was recalled", "Publish", "Recall",
        "Tests run in the sandbox", "Cancel the checks",
    ),
    "fr": Words(
        "est désormais à vous", "Interroge le modèle de langue", "est installé",
        "Son brouillon utilise la nouvelle version", "continue de répondre avec 1.0.0",
        "est à la version 1.1.0", "ne demandait déjà",
        "a été rappelé", "Publier", "Rappeler",
        "Essais dans le bac à sable", "Annuler les vérifications",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Story:
    """One telling, in one language, with a plugin of its own."""

    platform: Platform
    page: Page
    desk: Page
    words: Words
    author: Author
    slug: str
    folder: Path

    def send(self, version: str, suffix: str) -> str:
        """A signed release is uploaded by the API; the answer is its id."""
        path = write_archive(
            self.folder, self.slug, version, author=self.author,
            code=GUARD.replace("(explained)", suffix), grants={"model_use": True},
        )  # fmt: skip
        with path.open("rb") as file:
            told = self.platform.api("POST", "/plugins/releases", status=202, files={"file": file})
        return str(told["id"])

    def checked(self, release: str) -> None:
        for _ in every(1.0, CHECK_SECONDS):
            told = self.platform.api("GET", f"/plugins/releases/{release}")
            if told["state"] != "checking":
                break
        assert told["state"] == "in_review", told

    def decide(self, release: str, name: str, reason: str = "") -> None:
        """Staff press the button on the release's page, and confirm."""
        self.desk.goto(f"{self.platform.url}/admin/catalog/packagerelease/{release}/change/")
        self.desk.locator(".ops-buttons button", has_text=name).click()
        if reason:
            self.desk.fill("[name=reason]", reason)
        with self.desk.expect_navigation():
            self.desk.locator(".ops-form button[type=submit]").click()

    def ask(self, app: str, status: int = 200) -> Any:
        return self.platform.api(
            "POST", f"/apps/{app}/runs", status=status, json={"input": "What is compost?"}
        )


def add_key(story: Story, public: str) -> None:
    """The line that the tool printed is pasted into the portal."""
    story.page.goto(f"{story.platform.url}/plugins/mine/keys/")
    story.page.fill("[name=name]", f"Laptop {story.slug}")
    story.page.fill("[name=public_key]", public)
    story.page.locator("section form button[type=submit]").click()
    expect(story.page.locator(".messages")).to_contain_text(story.words.key_added)


def bring_in(story: Story, archive: Path) -> None:
    """A signed release from its author's key by way of the staff into the page's organization."""
    add_key(story, story.author.public)
    with archive.open("rb") as file:
        sent = story.platform.api("POST", "/plugins/releases", status=202, files={"file": file})
    story.checked(sent["id"])
    story.decide(sent["id"], story.words.publish)
    story.page.goto(f"{story.platform.url}/plugins/{story.slug}/install/")
    story.page.locator("main form button[type=submit]").click()
    expect(story.page.locator(".messages")).to_contain_text(story.words.installed)


@contextmanager
def staff_desk(
    browser: Browser, platform: Platform, operator: dict[str, str], language: str
) -> Iterator[Page]:
    """The dashboard in a window of its own, in this language."""
    context, desk = open_page(browser)
    context.add_cookies([{"name": "django_language", "value": language, "url": platform.url}])
    enter_dashboard(desk, platform, operator)
    yield desk
    context.close()


def make_app(story: Story, *, field: str, config: Mapping[str, Any] | None = None) -> str:
    """A published chat whose answers the plugin guards; its form in the builder asks ``field``."""
    made = story.platform.api(
        "POST", "/apps", status=201, json={"name": story.slug, "template": "chat"}
    )
    guard = {"kind": "guard", "plugin": story.slug, "config": dict(config or {})}
    stages = [*made["draft"]["pipeline"], guard]
    story.platform.api("PATCH", f"/apps/{made['id']}", json={"pipeline": stages})
    story.page.goto(f"{story.platform.url}/apps/{made['id']}/build/?stage={len(stages) - 1}")
    expect(story.page.locator("main")).to_contain_text(field)
    publish(story, made["id"])
    return str(made["id"])


def publish(story: Story, app: str) -> None:
    version = story.platform.api("POST", f"/apps/{app}/versions", status=201)["version"]
    story.platform.api("POST", f"/apps/{app}/publish", json={"version": version})
