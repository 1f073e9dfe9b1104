"""What is said in a chat, whatever the platform, over a stand-in for the service."""

import asyncio
import gzip

import pytest
from chats import LOG, PNG, REPORT_ID, NotingSurface, desk_over, file_of, message, run

from explain_log.bots.surface import CannotSay, ChatFile, FileTooLarge, TooFast


def heard(stub, incoming, **options):
    """What was said in answer to one message."""

    async def main():
        async with desk_over(stub, **options) as (desk, _):
            desk.take(incoming)
            await desk.idle()

    run(main())
    return incoming.surface.said


def test_a_pasted_log_becomes_a_card_with_the_picture(stub):
    """The message is acknowledged first; the last card has headline, numbers, findings, link and picture."""
    said = heard(stub, message(LOG))
    assert said[0] == ("acknowledge",)
    kind, card, picture = said[-1]
    assert kind == "close"
    assert picture == PNG
    assert "DeepSeek R1 Distill Llama 70B" in card.title
    assert ("Layers on GPU", "81/81") in card.numbers
    assert [finding.severity for finding in card.findings][:2] == ["notice", "notice"]
    assert card.link == f"https://logs.example/r/{REPORT_ID}"
    assert card.status == ""
    assert stub.key == "Bearer the-key"


def test_a_question_in_the_thread_is_answered_about_its_report(stub):
    """The second message goes to /ask of the first one's report, in any thread that belongs to it."""

    async def main():
        async with desk_over(stub) as (desk, _):
            for number, text, threads in ((1, LOG, ("a",)), (2, "Why is it slow?", ("a",)), (3, "And now?", ("note:card",))):
                surface = NotingSurface()
                desk.take(message(text, surface, number=number, threads=threads))
                await desk.idle()
            return surface

    surface = run(main())
    assert [one.get("report") for one in stub.asked] == [None, REPORT_ID, REPORT_ID]
    assert surface.last.answer == ("An answer to: And now?",)


def test_the_words_before_a_log_are_the_question(stub):
    """They go with the log, and decide on the language."""
    said = heard(stub, message("为什么加载这么慢？\n" + LOG))
    assert stub.asked[0]["question"] == "为什么加载这么慢？"
    assert stub.asked[0]["language"] == "zh"
    assert stub.asked[0]["log"].decode().splitlines() == LOG.splitlines()
    assert said[-1][1].language == "zh"


def test_a_fenced_log_is_what_stands_in_the_fence(stub):
    """Whatever is around it is said about it."""
    heard(stub, message(f"please look\n```\n{LOG}```\nwhy is it slow?"))
    assert stub.asked[0]["log"].decode().splitlines() == LOG.splitlines()
    assert stub.asked[0]["question"] == "please look why is it slow?"


@pytest.mark.parametrize(
    ("values", "default", "language"),
    [({"text": LOG, "locale": "zh-CN"}, "en", "zh"), ({"text": LOG}, "zh", "zh"), ({"text": "what is this?\n" + LOG, "locale": "zh"}, "zh", "en")],
)
def test_the_language_is_the_asker_s(stub, values, default, language):
    """By what is said, else by the sender's settings, else the bot's."""
    assert heard(stub, message(**values), language=default)[-1][1].language == language


@pytest.mark.parametrize("data", [LOG.encode(), gzip.compress(LOG.encode()), LOG.encode("utf-16")])
def test_an_attachment_goes_to_the_service_as_it_is(stub, data):
    """Unpacking and decoding are the service's affair."""
    heard(stub, message("", files=[file_of(data)]))
    assert stub.asked[0]["log"] == data
    assert stub.asked[0]["name"] == "server.log"


def test_several_attachments_are_one_log(stub):
    """One after the other, each with a line end."""
    heard(stub, message("", files=[file_of(b"a"), file_of(LOG.encode())]))
    assert stub.asked[0]["log"] == b"a\n" + LOG.encode()


def test_sentences_show_as_they_come(stub):
    """The card opens before the model has written, and has the model's summary in the end."""
    stub.statements, stub.pause_seconds = ["One of the model.", "Two of the model."], 0.05
    said = heard(stub, message(LOG))
    kinds = [one[0] for one in said]
    assert kinds[:2] == ["acknowledge", "open"]
    assert "update" in kinds
    assert any("1 sentences" in one[1].status for one in said[1:-1])
    assert said[-1][1].summary == ("One of the model.", "Two of the model.")


def test_what_is_no_log_gets_help_and_is_not_sent(stub):
    """A greeting without a log says how to send one."""
    said = heard(stub, message("你好"))
    assert stub.asked == []
    assert "粘贴" in said[-1][1].notes[0]


def test_unknown_lines_are_said_to_be_unknown(stub):
    """Many lines that nobody would type are sent, and no card of nothing comes back."""
    said = heard(stub, message("\n".join(f"line {n} of some other program" for n in range(20))))
    assert said[-1][1].title == "No line of Ollama or llama.cpp in it"
    assert said[-1][2] is None


def test_a_duplicate_is_answered_once(stub):
    """The platform may deliver as often as it likes."""

    async def main():
        async with desk_over(stub) as (desk, _):
            return [desk.take(message(LOG, number=7)) for _ in range(3)]

    assert run(main()) == [True, False, False]
    assert len(stub.asked) == 1


def test_who_is_not_on_the_list_is_not_answered(stub):
    """Neither a chat nor a sender that is not named."""

    async def main():
        async with desk_over(stub, allowed=frozenset(("c9", "s2"))) as (desk, _):
            return [desk.take(message(LOG, number=n, chat=f"c{n}", sender=f"s{n}")) for n in (1, 2, 9)]

    assert run(main()) == [False, True, True]


def test_one_sender_cannot_fill_the_desk(stub):
    """The fourth at a time is told to wait; the others go on."""
    stub.pause_seconds = 0.1
    surfaces = [NotingSurface() for _ in range(4)]

    async def main():
        async with desk_over(stub) as (desk, _):
            for number, surface in enumerate(surfaces):
                desk.take(message(LOG, surface, number=number))

    run(main())
    assert "still being read" in surfaces[3].last.title
    assert len(stub.asked) == 3


@pytest.mark.parametrize(
    ("statuses", "title"),
    [([413], "too large, 64 MiB"), ([422], "not text"), ([401], "EXPLAIN_LOG_API_KEY"), ([500], "failed (500)"), ([503] * 9, "Too many are waiting")],
)
def test_errors_are_said_plainly(stub, statuses, title):
    """In one line that says what to do."""
    stub.refuse = statuses
    card = heard(stub, message(LOG))[-1][1]
    assert title in card.title
    assert card.mood == "error"


def test_a_busy_service_is_asked_again(stub):
    """429 and 503 with Retry-After are waited out."""
    stub.refuse = [503, 429]
    assert heard(stub, message(LOG))[-1][1].about
    assert len(stub.asked) == 1


def test_a_service_that_is_away_is_said_to_be_away(stub):
    """Also in the middle of a thread."""
    from explain_log.bots.conversation import Conversation
    from explain_log.bots.memory import Memory
    from explain_log.bots.service import ExplainService

    async def main():
        service = ExplainService("http://127.0.0.1:9")
        surface = NotingSurface()
        await Conversation(service, Memory()).hear(message(LOG, surface))
        await service.close()
        return surface.last.title

    assert "cannot be reached" in run(main())


@pytest.mark.parametrize(("error", "title"), [(FileTooLarge(20 << 20), "20 MiB"), (CannotSay("x"), "could not be fetched")])
def test_a_file_that_cannot_be_had_is_told(stub, error, title):
    """Too large, or gone."""

    async def fetch(most_bytes):
        raise error

    assert title in heard(stub, message("", files=[ChatFile("x", None, fetch)]))[-1][1].title


def test_without_a_picture_the_card_comes_alone(stub):
    """The service may have no PNG."""
    stub.has_picture = False
    assert heard(stub, message(LOG))[-1][2] is None


def test_a_platform_that_is_too_fast_for_gets_its_pause(stub):
    """The last word is said again after the pause, and once."""
    surface = NotingSurface(fail=[TooFast(0.01), TooFast(0.01), None, CannotSay("x")])
    heard(stub, message(LOG, surface))
    assert [one[0] for one in surface.said].count("close") == 1


def test_updates_keep_the_platform_s_pace(stub):
    """Of many changes within the pace only the last is shown."""
    stub.statements, stub.pause_seconds = [f"Sentence {n}." for n in range(20)], 0.01
    surface = NotingSurface(pace_seconds=5.0)
    heard(stub, message(LOG, surface))
    assert [one[0] for one in surface.said] == ["acknowledge", "open", "close"]


def test_a_message_on_its_way_is_not_sent_twice(stub):
    """The end waits for the beginning, however slow the platform is."""

    class Slow(NotingSurface):
        async def open(self, card):
            await asyncio.sleep(0.5)
            self.note("open", card)

    surface = Slow()
    heard(stub, message(LOG, surface))
    assert [one[0] for one in surface.said] == ["acknowledge", "open", "close"]
