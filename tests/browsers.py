"""A real Chromium that looks closely at each page: what it asks for, what it weighs, who can't use it."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from playwright.sync_api import Page, Response, ViewportSize

CHROMIUM: Final = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
#: Without these it looks for its maker's servers at every start.
_QUIET: Final = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
_MOST_BYTES: Final = 100_000
#: Every rule in the light; in the dark the one that colours can break.
_SCHEMES: Final[Mapping[Literal["light", "dark"], dict[str, list[str]] | None]] = {
    "light": None,
    "dark": {"runOnly": ["color-contrast"]},
}
_DESKTOP, _PHONE = (1280, 900), (390, 844)


@dataclass
class Eyes:
    """A page of Chromium, with everything that came to it."""

    page: Page
    address: str
    #: Where pictures of every page go, if they are wanted.
    pictures: Path | None = None
    came: list[Response] = field(default_factory=list)
    #: All text that came: bodies, headers and addresses.
    texts: list[str] = field(default_factory=list)
    looked_at: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("response", self._came)

    def _came(self, response: Response) -> None:
        self.came.append(response)

    def look(self, name: str) -> None:
        """Look at the page as it is: light and dark, wide and on a phone."""
        self.looked_at.append(name)
        self._weigh(name)
        for scheme, options in _SCHEMES.items():
            self.page.emulate_media(color_scheme=scheme)
            found = Axe().run(self.page, options=options)
            assert found.violations_count == 0, f"{name}, {scheme}:\n{found.generate_report()}"
            self._picture(f"{name}-{scheme}")
        self.page.set_viewport_size({"width": _PHONE[0], "height": _PHONE[1]})
        wide = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{name} is {wide} pixels wider than a phone"
        self._picture(f"{name}-phone-dark")
        self.page.emulate_media(color_scheme="light")
        self._picture(f"{name}-phone-light")
        self.page.set_viewport_size({"width": _DESKTOP[0], "height": _DESKTOP[1]})

    def _weigh(self, name: str) -> None:
        """All came from the console itself, and a page with what it needs is no heavier than it may be."""
        elsewhere = [each.url for each in self.came if not each.url.startswith(self.address)]
        assert not elsewhere, f"{name} asks elsewhere: {elsewhere}"
        self._reload()
        self.page.wait_for_load_state()
        at = max(place for place, each in enumerate(self.came) if each.request.is_navigation_request())
        assert sum(len(_body(each)) for each in self.came[at:]) < _MOST_BYTES, f"{name} is too heavy"
        self.remember()

    def _reload(self) -> None:
        """The page's own script may do so at the same moment: then this is not there any more, and is done again."""
        for _ in range(3):
            try:
                self.page.reload()
            except Error as error:
                if "Not attached to an active page" not in error.message:
                    raise
                self.page.wait_for_load_state()
            else:
                return
        self.page.reload()

    def remember(self) -> None:
        """Keep the text of all that came."""
        for each in self.came:
            headers = "\n".join(f"{name}: {value}" for name, value in each.headers.items() if name != "set-cookie")
            self.texts.append(f"{each.url}\n{headers}\n{_body(each).decode('utf-8', 'replace')}")
        self.came.clear()

    def _picture(self, name: str) -> None:
        if self.pictures is not None:
            self.page.screenshot(path=self.pictures / f"{name}.png", full_page=True)


@contextlib.contextmanager
def chromium(address: str, pictures: Path | None = None, *, has_scripts: bool = True) -> Iterator[Eyes]:
    """A new Chromium, with nothing of an earlier one."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_QUIET)
        size: ViewportSize = {"width": _DESKTOP[0], "height": _DESKTOP[1]}
        page = browser.new_page(viewport=size, accept_downloads=True, java_script_enabled=has_scripts)
        page.set_default_timeout(15_000)
        try:
            yield Eyes(page, address, pictures)
        finally:
            browser.close()


def _body(response: Response) -> bytes:
    try:
        return response.body()
    except Error:  # a redirect has none, and a file that was saved has it no more
        return b""
