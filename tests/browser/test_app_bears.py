"""The service's page under load and attack, for everybody: long logs, hostile logs, axe-core in every state."""

import random
import re
from pathlib import Path

import pytest
from attacks import ATTACK, ATTACKED
from playwright.sync_api import expect

EXAMPLE = Path(__file__).parents[2] / "examples" / "deepseek-r1-70b-8gpu.log"

LONG_TASKS = """window.tasks = []; new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) tasks.push(entry.duration);
}).observe({ type: "longtask", buffered: true });"""
VIOLATIONS = """window.refused = []; addEventListener("securitypolicyviolation", (event) =>
  refused.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));"""
MOST_MILLISECONDS = 200


def report(page, log=EXAMPLE):
    page.set_input_files("#file", log)
    expect(page.locator("#view-report h1")).to_be_visible(timeout=60_000)
    expect(page.locator("#status p").first).to_be_visible(timeout=20_000)
    return page


def test_ten_megabytes_stay_responsive(open_app, tmp_path):
    """From the pick to the end of the log, no task holds the page up for long, and few rows exist at a time."""
    line = '[GIN] 2025/02/11 - 16:{:02}:{:02} | 200 |  {:.3f}s |       127.0.0.1 | POST     "/v1/chat/completions"\n'
    chance = random.Random(5)
    requests = (line.format(n // 60 % 60, n % 60, chance.uniform(0.1, 9)) for n in range(100_000))
    log = tmp_path / "long.log"
    log.write_text(EXAMPLE.read_text(encoding="utf-8") + "".join(requests), encoding="utf-8")
    assert log.stat().st_size > 9.5e6
    page = open_app(script=LONG_TASKS)
    report(page, log)
    page.locator("#list").hover()
    for delta in [300, 3000, 40_000, -20_000, 200_000] * 8:
        page.mouse.wheel(0, delta)
        page.wait_for_timeout(20)
    page.locator("#list").press("End")
    expect(page.locator("#meaning")).to_contain_text("100106")
    expect(page.locator(".row code").last).to_contain_text("[GIN]")
    page.fill("#line-number", "50000")
    page.press("#line-number", "Enter")
    expect(page.locator("#meaning .says")).to_be_visible()
    expect(page.locator("#row-50000")).to_have_attribute("aria-selected", "true")
    assert page.locator(".row").count() < 100
    assert max(page.evaluate("tasks"), default=0) < MOST_MILLISECONDS


def test_a_log_full_of_attacks_is_text(open_app, tmp_path):
    """In every field, in the file's name, in the question and in what is checked: nothing runs, nothing is refused late."""
    log = tmp_path / "x<img src=x onerror=alert(1)>.log"
    log.write_text(ATTACKED, encoding="utf-8")
    page = report(open_app(script=VIOLATIONS), log)
    page.fill("#question", ATTACK)
    page.press("#question", "Enter")
    page.fill("#answer", f"{ATTACK} 33 层全部放到了 GPU 上。{ATTACK} n_ctx 是 4096。")
    page.click("#verify-form button")
    expect(page.locator("#verified").locator(".verify-summary, .note:not(.busy)").first).to_be_visible(timeout=20_000)
    for number in range(1, 9):
        page.locator(f"#row-{number}").hover()
        expect(page.locator("#meaning")).to_contain_text(f"第 {number} 行")
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    page.wait_for_timeout(300)
    assert page.evaluate("window.ran") is None
    assert page.evaluate("document.querySelectorAll('main script, main img, main iframe').length") == 0
    assert page.evaluate("refused") == []
    assert "onerror" in page.locator("#view-report").inner_text()


def test_the_policy_is_strict(open_app):
    """Nothing inline runs or styles, nothing from elsewhere loads, markup cannot be put in by a script as text."""
    page = open_app(script=VIOLATIONS)
    policy = page.answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    for attempt in (
        "document.body.insertAdjacentHTML('beforeend', '<b>x</b>')",
        "document.createElement('script').text = 'window.ran = 1'",
        "trustedTypes.createPolicy('another', {createHTML: (text) => text})",
    ):
        assert page.evaluate(f"() => {{ try {{ {attempt}; return 'done' }} catch (error) {{ return 'refused' }} }}") == "refused"
    page.evaluate("fetch('http://127.0.0.1:9/').catch(() => {})")
    page.wait_for_timeout(100)
    assert any("connect-src" in one for one in page.evaluate("refused"))
    assert page.evaluate("window.ran") is None
    page.allowed()


def test_no_file_but_the_pages_own(open_app):
    """Paths that lead elsewhere lead nowhere."""
    page = open_app()
    for path in ("/static/../api/pages.py", "/static/%2e%2e/api/pages.py", "/static/templates/app.html", "/static//etc/passwd"):
        assert page.request.get(page.service.url + path).status == 404
    assert page.request.get(page.service.url + "/static/js/main.js").headers["content-type"].startswith("text/javascript")


STATES = ["start", "report", "unfolded", "talked", "glossary", "help", "problem"]


@pytest.mark.parametrize("size", ["desk", "phone"])
@pytest.mark.parametrize(("language", "theme"), [("zh", "light"), ("en", "dark"), ("zh", "dark"), ("en", "light")])
def test_nothing_stands_in_anybodys_way(open_app, axe, language, theme, size):
    """axe-core finds no violation in any state, and nothing is wider than the window."""
    page = open_app(language=language, theme=theme, size=size, bypass_csp=True, may_complain=True)
    for state in STATES:
        reach(page, state, language)
        page.wait_for_timeout(600)  # what fades in has its colours only then
        page.evaluate(axe)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        told = [(one["id"], [node["html"][:160] for node in one["nodes"]][:3]) for one in found["violations"]]
        assert (state, told) == (state, [])
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), state


def reach(page, state, language):
    if state == "report":
        report(page)
    elif state == "unfolded":
        page.evaluate("document.querySelectorAll('main details').forEach(one => one.open = true)")
    elif state == "talked":
        page.fill("#question", {"zh": "为什么慢？", "en": "Why is it slow?"}[language])
        page.press("#question", "Enter")
        page.fill("#answer", {"zh": "n_seq_max = 4 表示最大序列长度是 4。81 层全在 GPU 上。", "en": "n_seq_max = 4 is the maximum sequence length. All 81 layers are on GPUs."}[language])
        page.click("#verify-form button")
        expect(page.locator(".marked-text")).to_be_visible(timeout=20_000)
        expect(page.locator(".exchange .answer-text p").first).to_be_visible(timeout=20_000)
    elif state == "glossary":
        page.click("#open-glossary")
        page.locator("#term-list summary").first.click()
        expect(page.locator("#term-list .body p").first).to_be_visible()
    elif state == "help":
        page.keyboard.press("Escape")
        page.locator("#list").focus()
        page.keyboard.press("?")
        expect(page.locator("#help")).to_be_visible()
    elif state == "problem":
        page.keyboard.press("Escape")
        page.goto(page.service.url + "/r/" + "0" * 32)
        expect(page.locator("#problem .problem-title")).to_have_text(re.compile("."))
