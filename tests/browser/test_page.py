"""The page in one file, in a real browser: at both sizes, in both themes and languages, by pointer, finger and keyboard."""

import pytest
from attacks import ATTACKED

from explain_log.lines import parse_origin
from explain_log.pipeline import make_reports
from explain_log.render.html.page import html_page


def visible(page, selector):
    """Whether the first match of a selector is shown."""
    return page.locator(selector).first.is_visible()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desk", "phone"])
def test_nothing_stands_in_anybodys_way(open_page, example, axe, size, theme, language):
    """axe-core finds no violation, with everything unfolded too."""
    page = open_page(example, size, theme)
    page.check(f"#show-{language}")
    for unfolded in (False, True):
        if unfolded:
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        page.evaluate(axe)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        told = [(one["id"], [node["html"][:120] for node in one["nodes"]][:3]) for one in found["violations"]]
        assert told == []


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("size", ["desk", "phone"])
def test_nothing_is_wider_than_the_window(open_page, example, size, language):
    """Neither folded nor unfolded is there anything to scroll to the side."""
    page = open_page(example, size)
    page.check(f"#show-{language}")
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_language_is_switched(open_page, example):
    """By pointer and by keyboard; one language is shown at a time."""
    page = open_page(example)
    assert page.locator("h1:visible").inner_text().startswith("模型已加载好")
    page.get_by_label("English").click()
    assert page.locator("h1:visible").inner_text().startswith("The model is loaded")
    page.locator("#show-en").press("ArrowLeft")
    assert page.locator("h1:visible").count() == 1
    assert page.locator("h1:visible").inner_text().startswith("模型已加载好")


def test_the_theme_follows_the_system_until_it_is_chosen(open_page, example):
    """The colour of the paper tells."""
    paper = "getComputedStyle(document.body).backgroundColor"
    page = open_page(example, theme="dark")
    dark = page.evaluate(paper)
    page.check("#theme-light")
    light = page.evaluate(paper)
    page.check("#theme-dark")
    assert page.evaluate(paper) == dark != light
    weights = "getComputedStyle(document.querySelector('.xp-weights')).fill"
    drawn = page.evaluate(weights)
    page.check("#theme-light")
    assert page.evaluate(weights) != drawn


def test_a_finding_leads_to_its_line_and_back(open_page, example):
    """A folded finding unfolds when a line leads to it."""
    page = open_page(example)
    finding = "#zh-f-context\\.shared_by_slots-1"
    assert not visible(page, finding)
    page.locator("#zh-L13 .number").click()
    assert page.url.endswith("#zh-L13")
    page.locator(".group", has=page.locator("#zh-L13")).locator("a", has_text="context.shared_by_slots").click()
    assert visible(page, finding)
    page.locator(f"{finding} a", has_text="L13").first.click()
    assert page.url.endswith("#zh-L13")
    assert page.locator("#zh-L13").evaluate("one => one.matches(':target')")


def test_on_a_phone_a_tap_shows_what_a_line_means(open_page, example):
    """And focus by keyboard does."""
    page = open_page(example, "phone")
    first, second = (page.locator(".group:visible").nth(place) for place in (2, 3))
    assert not first.locator(".meaning").is_visible()
    first.locator(".line").first.click()
    assert first.locator(".meaning").is_visible()
    page.mouse.move(0, 0)
    second.locator(".number").first.focus()
    assert second.locator(".meaning").is_visible()


def test_on_a_desk_meanings_stand_beside_their_lines(open_page, example):
    """On the same height, to the right."""
    page = open_page(example)
    line, meaning = (page.locator(f".group:visible {what}").first.bounding_box() for what in ("code", ".meaning"))
    assert meaning["x"] > line["x"] + line["width"] - 1
    assert abs(meaning["y"] - line["y"]) < 12


def test_the_picture_fits_the_window(open_page, example):
    """On a phone its text is as large as the rest; on a desk the wide one is shown."""
    for size, shown, hidden in (("desk", "wide", "narrow"), ("phone", "narrow", "wide")):
        page = open_page(example, size)
        assert visible(page, f".sheets.{shown}")
        assert not visible(page, f".sheets.{hidden}")
        height = page.locator(f".sheets.{shown} svg text").first.bounding_box()["height"]
        assert height >= 12


def test_texts_of_the_picture_do_not_overlap(open_page, example):
    """With the fonts of this machine, in both languages and widths."""
    script = """() => [...document.querySelectorAll('.picture')].filter(p => p.getClientRects().length).flatMap(picture => {
      const boxes = [...picture.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
      return boxes.flatMap(([a, p], i) => boxes.slice(i + 1).filter(([, q]) =>
        Math.min(p.right, q.right) - Math.max(p.left, q.left) > 1 && Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top) > 5
      ).map(([b]) => [a, b]));
    })"""
    for size in ("desk", "phone"):
        page = open_page(example, size)
        for language in ("zh", "en"):
            page.check(f"#show-{language}")
            assert page.evaluate(script) == []


def test_the_policy_lets_the_style_in_and_nothing_else(browser, example):
    """The page is styled under its own policy; a script that is put in does not run."""
    page = browser.new_page()
    page.goto(example.as_uri())
    assert page.evaluate("getComputedStyle(document.querySelector('.head')).borderLeftStyle") == "solid"
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran = 1\">')")
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))")
    page.wait_for_timeout(50)
    assert page.evaluate("window.ran") is None
    page.close()


def test_a_log_full_of_attacks_is_text(open_page, tmp_path):
    """Nothing in it runs, even without the policy: names, paths, errors, devices, unknown lines, the file's own name."""
    log = tmp_path / "x<img src=x onerror=alert(1)>.log"
    log.write_text(ATTACKED, encoding="utf-8")
    file = tmp_path / "page.html"
    file.write_text(html_page(make_reports([parse_origin(str(log))], ("zh", "en"))), encoding="utf-8")
    page = open_page(file)
    page.wait_for_timeout(100)
    assert page.evaluate("window.ran") is None
    assert page.evaluate("document.querySelectorAll('script, img').length") == 0
    assert "onerror" in page.locator("body").inner_text()


def test_it_prints_everything(browser, example):
    """On paper the folded parts are unfolded and the switches are gone."""
    page = browser.new_page()
    page.goto(example.as_uri())
    page.emulate_media(media="print")
    assert not visible(page, ".switches")
    assert page.locator(".finding.notice .body").first.evaluate("one => one.getClientRects().length > 0 && one.checkVisibility()")
    page.close()
