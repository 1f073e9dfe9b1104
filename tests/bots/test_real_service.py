"""The conversation over the service itself: what the stand-in of the other tests says is what the service says."""

import gzip

import pytest
from chats import LOG, NotingSurface, file_of, message, run, serving

from explain_log.api.app import make_app
from explain_log.api.options import ServiceOptions
from explain_log.bots.conversation import Conversation
from explain_log.bots.memory import Memory
from explain_log.bots.service import ExplainService


def talked(tmp_path, *incoming):
    """A conversation over the service, without a model."""

    async def main():
        options = ServiceOptions(
            database=f"sqlite:///{tmp_path}/reports.sqlite", folder=str(tmp_path / "spool"), llm=False, workers=1
        )
        async with serving(make_app(options), lifespan="on") as url:
            service, memory = ExplainService(url, public_url="https://logs.example"), Memory()
            conversation = Conversation(service, memory)
            for one in incoming:
                await conversation.hear(one)
            await service.close()
            memory.close()

    run(main())
    return [one.surface.said[-1] for one in incoming]


def test_log_and_questions(tmp_path):
    """A paste in Chinese, a question about it, another in the same thread."""
    (_, card, picture), (_, answer, _), (_, second, _) = talked(
        tmp_path,
        message("为什么加载这么慢？\n" + LOG),
        message("显存够不够？", NotingSurface(), number=2),
        message("n_seq_max 是什么", NotingSurface(), number=3),
    )
    assert card.title == "模型已加载好：DeepSeek R1 Distill Llama 70B"
    assert "175.3" in "".join(card.answer)
    assert ("显存", "51.04 GiB（8 块 GPU）") in card.numbers
    assert card.about[-1].startswith("粘贴的日志")
    assert picture is None or picture.startswith(b"\x89PNG")
    assert answer.answer
    assert "并行" in "".join(second.answer)


@pytest.mark.parametrize("data", [gzip.compress(LOG.encode()), LOG.encode("utf-16"), b"\xff\xfe" + LOG.encode("utf-16-le")])
def test_attachments(tmp_path, data):
    """Packed, and as PowerShell writes it."""
    ((_, card, _),) = talked(tmp_path, message("", files=[file_of(data)]))
    assert ("Layers on GPU", "81/81") in card.numbers


def test_zstd(tmp_path):
    """Packed the newer way."""
    import zstandard

    ((_, card, _),) = talked(tmp_path, message("", files=[file_of(zstandard.compress(LOG.encode()), "server.log.zst")]))
    assert ("Layers on GPU", "81/81") in card.numbers
    assert card.about[-1].startswith("server.log.zst")


def test_a_screenshot_is_refused_in_words(tmp_path):
    """With what to send instead."""
    ((_, card, _),) = talked(tmp_path, message("", files=[file_of(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "screen.png")]))
    assert card.title.startswith("It is not text")
    assert card.notes
