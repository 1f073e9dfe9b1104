"""The page of `explain-log serve` in a real browser: in with a log, out with everything there is to know of it."""

import asyncio
import gzip
import re
from pathlib import Path

import pytest
from evals.scripted.characters import careless
from evals.scripted.server import ScriptedOllama
from playwright.sync_api import expect
from served import Served, written_by

from explain_log.narration.options import ModelOptions

EXAMPLE = Path(__file__).parents[2] / "examples" / "deepseek-r1-70b-8gpu.log"
LOG = EXAMPLE.read_text(encoding="utf-8")
READY = {"zh": "模型已加载好", "en": "The model is loaded"}
PASTE = """([selector, text]) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  const where = selector ? document.querySelector(selector) : document.body;
  const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
  if (where.dispatchEvent(event) && where.value !== undefined) where.setRangeText(text);
  return event.defaultPrevented;
}"""
DROP = """([name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, { type: "text/plain" }));
  const fire = (type) => document.querySelector("main").dispatchEvent(
    new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
  fire("dragover");
  const shown = getComputedStyle(document.querySelector(".drop-here")).display;
  fire("drop");
  return shown;
}"""


def headline(page):
    return page.locator("#view-report h1")


def explained(page, log=EXAMPLE):
    """Picks a log and waits for its report."""
    page.set_input_files("#file", log)
    expect(headline(page)).to_be_visible(timeout=20_000)
    expect(page.locator(".row code").first).not_to_have_text(re.compile(r"^\s*$"))
    return page


def held(page, address):
    """Requests to an address, which wait until the test lets them go on."""
    routes = []

    def hold(route):
        routes.append(route)

    page.route(address, hold)
    return routes


class TestLogsComeIn:
    def test_pasted(self, open_app):
        """Into the field, then the button; the report has an address of its own."""
        page = open_app()
        page.evaluate(PASTE, ["#pasted", LOG])
        page.click("#explain")
        expect(headline(page)).to_contain_text(READY["zh"], timeout=20_000)
        assert re.search(r"/r/[0-9a-f]{32}$", page.url)
        assert "粘贴的日志" in page.locator("#view-report .head").inner_text()

    def test_pasted_beside_the_field(self, open_app):
        """A paste anywhere on the start is meant for it; Ctrl+Enter begins."""
        page = open_app()
        page.locator("body").click(position={"x": 5, "y": 300})
        page.evaluate(PASTE, [None, LOG])
        assert page.input_value("#pasted") == LOG.replace("\r\n", "\n")
        page.press("#pasted", "Control+Enter")
        expect(headline(page)).to_contain_text(READY["zh"], timeout=20_000)

    def test_a_long_paste_is_held_outside_the_field(self, open_app):
        """A field with megabytes would make the page crawl; what is held can be taken off again."""
        page = open_app()
        assert page.evaluate(PASTE, ["#pasted", LOG * 40])
        assert page.input_value("#pasted") == ""
        expect(page.locator("#held")).to_contain_text("KiB")
        page.click("#drop-held")
        expect(page.locator("#held")).to_be_hidden()

    def test_dropped(self, open_app):
        """The page shows where it will go and begins at once."""
        page = open_app()
        assert page.evaluate(DROP, ["server.log", LOG]) == "grid"
        expect(headline(page)).to_contain_text(READY["zh"], timeout=20_000)
        assert "server.log" in page.locator("#view-report .head").inner_text()

    def test_picked_and_packed(self, open_app, tmp_path):
        """A .gz goes as it is."""
        file = tmp_path / "server.log.gz"
        file.write_bytes(gzip.compress(EXAMPLE.read_bytes()))
        page = explained(open_app(language="en"), file)
        expect(headline(page)).to_contain_text(READY["en"])

    def test_nothing_is_said_plainly(self, open_app):
        """The button without a log says what to do."""
        page = open_app()
        page.click("#explain")
        expect(page.locator("#start-problem")).to_have_text("还没有日志：先粘贴、拖入或选一个文件。")

    def test_the_example(self, open_app):
        """One click shows what the page can do."""
        page = open_app()
        page.click("#example")
        expect(headline(page)).to_contain_text("DeepSeek", timeout=20_000)


class TestReport:
    def test_picture_findings_and_lines_are_there(self, open_app):
        """The bars, the layers, the time, the findings, the log."""
        page = explained(open_app())
        assert page.locator(".wide .picture").count() >= 3
        assert page.locator(".finding").count() > 10
        assert page.locator(".row").count() > 20
        finding = page.locator(".finding", has=page.locator("code", has_text=re.compile("^memory.kv_adds_up$")))
        finding.locator("summary").first.click()
        expect(finding.locator(".formula")).to_be_visible()

    def test_a_line_means_something_when_pointed_at(self, open_app):
        """The meaning stands beside the log; without the pointer it is the chosen line's again."""
        page = explained(open_app())
        page.locator("#row-2").hover()
        expect(page.locator("#meaning")).to_contain_text("第 2 行")
        assert len(page.locator("#meaning .says").inner_text()) > 10
        page.locator("#row-4").click()
        page.mouse.move(0, 0)
        expect(page.locator("#meaning")).to_contain_text("第 4 行")
        expect(page.locator("#meaning")).to_contain_text("CPU_Mapped")

    def test_a_tap_shows_what_a_line_means(self, open_app):
        """On a phone, beneath the log."""
        page = explained(open_app(size="phone"))
        page.locator("#row-3").tap()
        expect(page.locator("#meaning")).to_contain_text("第 3 行")
        assert page.locator("#meaning").bounding_box()["y"] >= page.locator("#list").bounding_box()["y"] + 200

    def test_the_keyboard_walks_the_log(self, open_app):
        """Arrows, ends, and from one line that findings rest on to the next."""
        page = explained(open_app())
        page.keyboard.press("l")
        chosen = page.locator("#list").get_attribute("aria-activedescendant")
        page.keyboard.press("ArrowDown")
        assert page.locator("#list").get_attribute("aria-activedescendant") == f"row-{int(chosen[4:]) + 1}"
        page.keyboard.press("End")
        expect(page.locator("#meaning")).to_contain_text("第 106 行")
        assert page.locator("#row-106").get_attribute("aria-selected") == "true"
        page.keyboard.press("Home")
        page.keyboard.press("n")
        expect(page.locator("#meaning")).to_contain_text("第 3 行")

    def test_a_finding_leads_to_its_line_and_back(self, open_app):
        """The line is chosen and seen; its finding unfolds."""
        page = explained(open_app())
        finding = page.locator("#zh-f-context\\.shared_by_slots-1")
        assert not finding.is_visible()
        page.locator(".explanation a", has_text="context.shared_by_slots").first.click()
        expect(finding).to_be_visible()
        finding.locator("a", has_text="L13").first.click()
        assert page.url.endswith("L13")
        expect(page.locator("#row-13")).to_have_attribute("aria-selected", "true")
        expect(page.locator("#row-13")).to_be_in_viewport()
        page.locator("#meaning a", has_text=finding.locator("xpath=..").locator(".title").inner_text()).click()
        assert "context.shared_by_slots" in page.url

    def test_the_permalink_opens_the_same(self, open_app):
        """Also at a line, in the language of whoever opens it."""
        page = explained(open_app())
        other = open_app(path=page.url.removeprefix(page.service.url) + "#L13", language="en")
        expect(headline(other)).to_contain_text(READY["en"])
        expect(other.locator("#meaning")).to_contain_text("Line 13")

    def test_one_file_is_downloaded(self, open_app):
        """The whole report, without anything from outside."""
        page = explained(open_app())
        with page.expect_download() as download:
            page.click("#get-html")
        text = download.value.path().read_text(encoding="utf-8")
        assert "<h1" in text
        assert "<script" not in text

    def test_it_is_deleted_after_a_question(self, open_app):
        """The address answers nothing any more."""
        page = explained(open_app())
        url = page.url
        page.click("#delete")
        page.locator("#sure button", has_text="取消").click()
        expect(headline(page)).to_be_visible()
        page.click("#delete")
        page.locator("#sure button", has_text="删除").click()
        expect(page.locator("#view-start")).to_be_visible()
        gone = open_app(path=url.removeprefix(page.service.url), may_complain=True)
        expect(gone.locator("#problem")).to_contain_text("没有这份报告")

    def test_who_begins_before_the_session_is_known(self, browser_page, service):
        """The log waits for the session's token, and the page does not fall back to the start."""
        page = browser_page(service)
        sessions, posts = held(page, "**/v1/session"), held(page, "**/v1/explain")
        page.goto(service.url)
        page.set_input_files("#file", EXAMPLE)
        expect(page.locator("#view-working")).to_be_visible()
        assert posts == []
        with page.expect_request("**/readyz"):  # which comes after it
            sessions[0].continue_()
        expect(page.locator("#view-working")).to_be_visible()
        with page.expect_response("**/v1/explain"):
            posts[0].continue_()
        expect(headline(page)).to_be_visible(timeout=20_000)

    def test_back_leads_back(self, open_app):
        """From a report to the start, and forward again."""
        page = explained(open_app())
        page.go_back()
        expect(page.locator("#view-start")).to_be_visible()
        page.go_forward()
        expect(headline(page)).to_be_visible()


class TestSwitches:
    def test_the_language_comes_from_the_browser_and_is_then_remembered(self, open_app):
        """Every word changes at once, the report too; what was typed stays."""
        page = explained(open_app(language="en"))
        expect(headline(page)).to_contain_text(READY["en"])
        page.fill("#answer", "n_ctx = 1")
        page.locator("#row-5").click()
        page.check("#language-zh", force=True)
        expect(headline(page)).to_contain_text(READY["zh"])
        expect(page.locator("#meaning")).to_contain_text("第 5 行")
        assert page.input_value("#answer") == "n_ctx = 1"
        assert page.locator("html").get_attribute("lang") == "zh-Hans"
        assert not re.search(r"[a-z]{4,} [a-z]{3,} [a-z]{3,}", page.locator(".contents").inner_text())
        page.fill("#question", "n_seq_max 是什么意思？")
        page.press("#question", "Enter")
        expect(page.locator(".exchange .answer-text p").first).to_contain_text("请求", timeout=20_000)
        page.reload()
        expect(headline(page)).to_contain_text(READY["zh"])

    def test_the_theme_is_the_systems_until_it_is_chosen(self, open_app):
        """And then remembered, before anything is drawn."""
        paper = "getComputedStyle(document.body).backgroundColor"
        page = open_app(theme="dark")
        dark = page.evaluate(paper)
        page.check("#theme-light", force=True)
        light = page.evaluate(paper)
        assert light != dark
        page.reload()
        assert page.evaluate(paper) == light
        assert page.is_checked("#theme-light")

    def test_keys_open_and_close(self, open_app):
        """? and g; Esc closes; letters typed into a field are letters; they can be switched off."""
        page = explained(open_app())
        page.keyboard.press("?")
        expect(page.locator("#help")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#help")).to_be_hidden()
        page.keyboard.press("/")
        expect(page.locator("#question")).to_be_focused()
        page.keyboard.type("g?")
        assert page.input_value("#question") == "g?"
        expect(page.locator("#glossary")).to_be_hidden()
        page.locator("#list").focus()
        page.keyboard.press("?")
        page.uncheck("#single-keys")
        page.keyboard.press("Escape")
        page.keyboard.press("g")
        expect(page.locator("#glossary")).to_be_hidden()


class TestConversation:
    def test_a_question_is_answered(self, open_app):
        """With lines that lead into the log; a suggestion is a question too."""
        page = explained(open_app())
        page.fill("#question", "n_seq_max 是什么意思？")
        page.press("#question", "Enter")
        exchange = page.locator(".exchange").first
        expect(exchange.locator(".answer-text p").first).to_be_visible(timeout=20_000)
        assert "n_seq_max" in exchange.inner_text()
        expect(exchange).to_contain_text("按规则回答")
        page.locator("#suggestions button").first.click()
        expect(page.locator(".exchange").nth(1).locator(".answer-text p").first).to_be_visible(timeout=20_000)

    def test_an_answer_is_checked(self, open_app):
        """Each claim is marked where it stands, with the correction and the line."""
        page = explained(open_app())
        page.fill("#answer", "😀 n_seq_max = 4 表示最大序列长度是 4。81 层全部放到了 GPU 上。")
        page.click("#verify-form button")
        marks = page.locator(".marked-text mark")
        expect(marks).to_have_count(2, timeout=20_000)
        assert "n_seq_max = 4" in marks.nth(0).inner_text()
        assert re.fullmatch("81 层全部放到了 GPU 上。?2", marks.nth(1).inner_text())
        assert "contradicted" in marks.nth(0).get_attribute("class")
        assert "supported" in marks.nth(1).get_attribute("class")
        assert page.locator(".claim.contradicted .correction").inner_text()
        page.locator(".claim.supported .links a").first.click()
        expect(page.locator("#meaning")).to_contain_text("第 3 行")

    def test_the_glossary_is_searched(self, open_app):
        """By name first; a term unfolds to what it is not."""
        page = open_app()
        page.click("#open-glossary")
        page.fill("#term-search", "n_seq_max")
        expect(page.locator("#term-list summary").first).to_contain_text("n_seq_max")
        page.locator("#term-list summary").first.click()
        expect(page.locator("#term-list .misread").first).to_be_visible()


class TestModel:
    def test_facts_at_once_then_sentences_then_the_finished_text(self, browser_page, tmp_path):
        """The picture is there before the model's first sentence; a lie is sent back and told of."""
        with written_by(ScriptedOllama(careless, piece_seconds=0.01, first_seconds=1.5), tmp_path) as service:
            page = browser_page(service)
            page.goto(service.url)
            page.set_input_files("#file", EXAMPLE)
            expect(headline(page)).to_be_visible(timeout=20_000)
            assert page.locator(".wide .picture").first.is_visible()
            assert page.locator(".fresh").count() == 0
            expect(page.locator("#status")).to_contain_text("scripted:8b", timeout=20_000)
            expect(page.locator(".fresh").first).to_be_visible(timeout=30_000)
            expect(page.locator("#status")).to_contain_text("已核对")
            expect(page.locator("#status p")).to_have_count(0, timeout=90_000)
            assert page.locator(".fresh").count() == 0
            assert "scripted:8b" in page.locator("#view-report .head").inner_text()
            assert page.locator(".rejected li").count() > 0

    def test_no_model_is_said(self, open_app):
        """The rules wrote it, and why."""
        page = explained(open_app())
        expect(page.locator("#status")).to_contain_text("没有用模型", timeout=20_000)

    def test_the_place_in_the_queue_is_shown(self, browser_page, tmp_path):
        """Who comes second is told so, and has the facts meanwhile."""
        with written_by(ScriptedOllama(first_seconds=4.0), tmp_path, model_slots=1) as service:
            first, second = (browser_page(service, may_complain=True) for _ in range(2))
            for page in (first, second):
                page.goto(service.url)
                page.set_input_files("#file", EXAMPLE)
                expect(headline(page)).to_be_visible(timeout=20_000)
            expect(second.locator("#status")).to_contain_text("前面还有 1 份", timeout=20_000)
            assert second.locator(".wide .picture").first.is_visible()

    def test_a_reload_while_the_model_writes(self, browser_page, tmp_path):
        """The page takes it up again, without being asked; so it does for who went back and comes again."""
        with written_by(model := ScriptedOllama(first_seconds=30.0), tmp_path) as service:
            page = browser_page(service, may_complain=True)
            page.goto(service.url)
            page.set_input_files("#file", EXAMPLE)
            expect(page.locator("#status")).to_contain_text("scripted:8b", timeout=20_000)
            page.reload()
            expect(page.locator("#status")).to_contain_text("scripted:8b", timeout=20_000)
            page.go_back()
            expect(page.locator("#view-start")).to_be_visible()
            model.first_seconds = 0.0
            page.go_forward()
            expect(headline(page)).to_be_visible()
            expect(page.locator("#view-report .head")).to_contain_text("scripted:8b", timeout=60_000)
            expect(page.locator("#status p")).to_have_count(0)
            page.reload()
            expect(page.locator("#view-report .head")).to_contain_text("scripted:8b")

    @pytest.mark.parametrize("language", ["zh", "en"])
    def test_the_model_can_be_asked_later(self, browser_page, tmp_path, language):
        """Where the rules wrote, in the reader's language or at all, one click has the model write; not where it did."""
        with written_by(ScriptedOllama(), tmp_path) as service:
            page = browser_page(service, language="zh")
            page.goto(service.url)
            page.uncheck("#use-model")
            explained(page)
            expect(page.locator("#status button")).to_have_count(0)
            reader = browser_page(service, language=language)
            reader.goto(page.url)
            reader.locator("#status button").click()
            expect(reader.locator("#view-report .head")).to_contain_text("scripted:8b", timeout=60_000)
            expect(reader.locator("#status p")).to_have_count(0)
            reader.reload()
            expect(reader.locator("#view-report .head")).to_contain_text("scripted:8b")
            expect(reader.locator("#status button")).to_have_count(0)

    def test_a_restart_while_the_model_writes(self, browser_page, tmp_path):
        """The page says so, waits, and goes on with what is kept."""
        with ScriptedOllama(first_seconds=30.0) as model:
            options = {"model": ModelOptions(host=model.url)}
            with Served(tmp_path, **options) as service:
                page = browser_page(service, may_complain=True)
                page.goto(service.url)
                page.set_input_files("#file", EXAMPLE)
                expect(headline(page)).to_be_visible(timeout=20_000)
                expect(page.locator("#status p")).to_be_visible(timeout=20_000)
                service.stop()
                expect(page.locator("#status")).to_contain_text("正在重连", timeout=20_000)
            with Served(tmp_path, port=service.port, **options):
                expect(page.locator("#status")).to_contain_text("服务重启过", timeout=40_000)
                assert headline(page).is_visible()


class TestWithoutStore:
    def test_everything_but_the_link(self, browser_page, tmp_path):
        """Lines, questions and checks work from the log that the page still has."""
        with Served(tmp_path, store=False) as service:
            page = browser_page(service)
            page.goto(service.url)
            expect(page.locator("#kept")).to_contain_text("不保存")
            explained(page)
            assert page.url == f"{service.url}/"
            expect(page.locator("#actions")).to_be_hidden()
            page.locator("#row-13").click()
            expect(page.locator("#meaning")).to_contain_text("n_seq_max")
            expect(page.locator("#meaning .of-line li").first).to_be_visible()
            page.fill("#question", "n_seq_max 是什么意思？")
            page.press("#question", "Enter")
            expect(page.locator(".exchange .answer-text p").first).to_contain_text("n_seq_max", timeout=20_000)
            page.fill("#answer", "n_seq_max = 4 表示最大序列长度是 4。")
            page.click("#verify-form button")
            expect(page.locator(".marked-text mark.contradicted")).to_have_count(1, timeout=20_000)


class TestProblems:
    def test_too_large_is_said_before_it_is_sent(self, browser_page, tmp_path):
        """With both sizes."""
        with Served(tmp_path, most_bytes=2048) as service:
            page = browser_page(service)
            page.goto(service.url)
            page.set_input_files("#file", EXAMPLE)
            expect(page.locator("#start-problem")).to_contain_text("2.0 KiB")

    @pytest.mark.parametrize("language", ["zh", "en"])
    def test_what_is_no_log_is_a_problem_in_words(self, open_app, tmp_path, language):
        """And the service's own line beneath."""
        file = tmp_path / "x.bin"
        file.write_bytes(bytes(range(1, 32)) * 400)
        page = open_app(language=language, may_complain=True)
        page.set_input_files("#file", file)
        wanted = {"zh": "这不像日志，读不懂。", "en": "This could not be read as a log."}[language]
        expect(page.locator("#problem .problem-title")).to_have_text(wanted, timeout=20_000)
        assert "not text" in page.locator("#problem .note").inner_text()

    def test_an_unreachable_service_can_be_tried_again(self, browser_page, tmp_path):
        """The log is not lost."""
        with Served(tmp_path) as service:
            page = browser_page(service, may_complain=True)
            page.goto(service.url)
        page.set_input_files("#file", EXAMPLE)
        expect(page.locator("#problem")).to_contain_text("连不上服务", timeout=20_000)
        with Served(tmp_path, port=service.port):
            page.locator("#problem button").click()
            expect(headline(page)).to_be_visible(timeout=20_000)

    def test_an_unknown_report(self, open_app):
        """Says what may have happened."""
        page = open_app(path="/r/" + "0" * 32, may_complain=True)
        expect(page.locator("#problem")).to_contain_text("没有这份报告")


class TestKeys:
    def test_in_with_a_key_and_out_again(self, browser_page, tmp_path):
        """The cookie is not for scripts; changing requests carry the token; an ended session asks again in place."""
        with Served(tmp_path, keys_required=True) as service:
            token = token_of(service)
            page = browser_page(service, may_complain=True)
            page.goto(service.url)
            page.fill("#key", token)
            page.keyboard.press("Enter")
            expect(page.locator("#key-dialog")).to_be_hidden()
            cookie = next(one for one in page.context.cookies() if "session" in one["name"])
            assert cookie["httpOnly"]
            assert cookie["sameSite"] == "Strict"
            explained(page)
            page.context.clear_cookies(name=cookie["name"])
            page.fill("#question", "为什么慢？")
            page.press("#question", "Enter")
            expect(page.locator("#key-dialog")).to_be_visible()
            page.fill("#key", "el_wrong")
            page.keyboard.press("Enter")
            expect(page.locator("#key-problem")).to_contain_text("密钥不对")
            page.fill("#key", token)
            page.keyboard.press("Enter")
            expect(page.locator("#key-dialog")).to_be_hidden()
            expect(headline(page)).to_be_visible()
            page.click("#delete")
            page.locator("#sure button", has_text="删除").click()
            expect(page.locator("#view-start")).to_be_visible()
            page.click("#log-out")
            expect(page.locator("#key-dialog")).to_be_visible()

    def test_the_form_without_scripts(self, browser_page, tmp_path):
        """A browser that sends no script gets in too."""
        with Served(tmp_path, keys_required=True) as service:
            page = browser_page(service, may_complain=True)
            page.goto(f"{service.url}/login")
            page.fill("#key", "el_wrong")
            page.keyboard.press("Enter")
            expect(page.locator("[role=alert]")).to_be_visible()
            page.fill("#key", token_of(service))
            page.keyboard.press("Enter")
            page.wait_for_url(f"{service.url}/")

    def test_a_report_is_not_shown_without_the_key(self, browser_page, tmp_path):
        """Its address asks for the key, and shows it once that is given; another key does not see it."""
        with Served(tmp_path, keys_required=True) as service:
            page = browser_page(service, may_complain=True)
            page.goto(service.url)
            let_in(page, token_of(service))
            explained(page)
            url = page.url
            stranger = browser_page(service, may_complain=True)
            assert stranger.request.get(f"{url}/part").status == 401
            stranger.goto(url)
            let_in(stranger, token_of(service))
            expect(stranger.locator("#problem")).to_contain_text("没有这份报告")


def token_of(service):
    """A new key's token."""
    making = service.app.state.service.keys.create("test")
    return asyncio.run_coroutine_threadsafe(making, service.loop).result(10)[1]


def let_in(page, token):
    page.fill("#key", token)
    page.keyboard.press("Enter")
    expect(page.locator("#key-dialog")).to_be_hidden()
