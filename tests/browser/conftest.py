"""A real browser: Debian's Chromium, headless. On CI it has to be there; elsewhere these tests are left out without it."""

import os
import shutil
from pathlib import Path

import pytest

from explain_log.lines import parse_origin
from explain_log.pipeline import make_reports
from explain_log.render.html.page import html_page

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "deepseek-r1-70b-8gpu.log"
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SIZES = {"desk": (1280, 900), "phone": (360, 740)}


def missing(what):
    """Leaves a test out where a tool is not installed; where CI runs it is an error."""
    assert "CI" not in os.environ, f"{what} is missing: run .ci/tools first"
    pytest.skip(f"{what} is not installed; .ci/tools installs it")


@pytest.fixture(scope="module")
def browser():
    """Chromium, for the tests of one file: while it is open an event loop runs, which other tests would stumble on."""
    if CHROMIUM is None:
        missing("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe():
    """The text of axe-core."""
    if not AXE.exists():
        missing("axe-core")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def example(tmp_path_factory):
    """The page of the example, in both languages, as a file."""
    file = tmp_path_factory.mktemp("pages") / "example.html"
    file.write_text(html_page(make_reports([parse_origin(str(EXAMPLE))], ("zh", "en"))), encoding="utf-8")
    return file


@pytest.fixture
def open_page(browser):
    """Opens a file at a size and in a theme; whatever the page complains about fails the test in the end."""
    pages, complaints = [], []

    def open_page(file, size="desk", theme="light"):
        width, height = SIZES[size]
        # axe-core is put into the page, which its own policy would refuse; the policy itself is tested apart.
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme, bypass_csp=True)
        pages.append(page)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.goto(file.as_uri())
        return page

    yield open_page
    for page in pages:
        page.close()
    assert complaints == []


@pytest.fixture(scope="session")
def service(tmp_path_factory):
    """A service without a model that many tests share."""
    from served import Served

    with Served(tmp_path_factory.mktemp("service")) as service:
        yield service


@pytest.fixture
def browser_page(browser):
    """Opens pages of a service; whatever they complain about fails the test in the end, unless they may."""
    contexts, complaints = [], []

    def browser_page(service, *, size="desk", theme="light", language="zh", may_complain=False, script=None, bypass_csp=False):
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, has_touch=size == "phone",
            locale={"zh": "zh-CN", "en": "en-US"}[language], bypass_csp=bypass_csp,
        )  # fmt: skip
        contexts.append(context)
        if script:
            context.add_init_script(script)
        page = context.new_page()
        page.service = service
        mine = []
        page.allowed = mine.clear
        page.on("console", lambda message: message.type in ("error", "warning") and mine.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        if not may_complain:
            complaints.append(mine)
        return page

    yield browser_page
    for context in contexts:
        context.close()
    assert [one for one in complaints if one] == []


@pytest.fixture
def open_app(browser_page, service):
    """The service's page, at a path, a size, in a language and theme."""

    def open_app(path="/", **options):
        page = browser_page(service, **options)
        page.answer = page.goto(service.url + path)
        page.locator("main .view:not([hidden])").wait_for()
        return page

    return open_app
