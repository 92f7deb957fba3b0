"""A browser's window at the desk or on a phone, and where its pictures lie."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, expect

from tests.acceptance.patient import patient
from tests.acceptance.standing import Standing

PICTURES = Path(__file__).resolve().parents[2] / "build" / "pictures"
SOON = 90_000
"""Milliseconds in which what the service has yet to do stands on the page."""


class Watched:
    """A browser's window in which every console error, page error and refused resource is noted."""

    def __init__(self, browser: Browser, width: int = 1440, height: int = 900, dark: bool = False) -> None:
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": height}, locale="zh-CN", color_scheme="dark" if dark else "light"
        )
        self.page: Page = patient(self.context.new_page())
        self.page.set_default_timeout(20_000)
        self.complaints: list[str] = []
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))
        self.page.on("dialog", self._refuse)

    def _refuse(self, dialog: Dialog) -> None:
        self.complaints.append(f"{self.page.url}: dialog {dialog.message}")
        dialog.dismiss()

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{self.page.url}: {message.text}")

    def sign_in(self, standing: Standing, name: str) -> Page:
        """Through the sign-in page, as a person does."""
        found = re.search(r"口令都是 (\S+?)）", standing.printed)
        assert found is not None
        self.page.goto(f"{standing.url}/sign-in")
        self.page.get_by_label("登录名").fill(name)
        self.page.get_by_label("口令").fill(found.group(1))
        self.page.get_by_role("button", name="登录").click()
        expect(self.page.locator(".whobox")).to_be_visible()
        return self.page


def picture(page: Page, name: str) -> None:
    """Keep the whole page as a picture, its charts drawn; what is cut off at the side fails."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.wait_for_load_state()
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
