"""What copying broke off a line comes back to it, and nothing else does."""

import pytest

from explain_log.knowledge import load as load_knowledge
from explain_log.lines import lines_of_text, mended
from explain_log.statements import Recogniser

SLOG = "time=2025-05-16T17:44:49.187Z level=INFO source=server.go:168 msg=offload"
JOURNAL = "Oct 03 13:18:03 host ollama[26513]: "
MEMORY = 'time=2025-10-03T13:18:03.943Z level=INFO source=server.go:504 msg="system memory" total="31.0 GiB" free'
RUNNER = 'time=2025-10-03T13:18:03.943Z level=INFO source=server.go:399 msg="starting runner" cmd="/usr/bin/ollama runner --mo'
LOADING = "time=2025-10-03T13:18:03.954Z level=DEBUG source=sched.go:208 msg=\"loading first model\" model=/m/blobs/sha256-"


@pytest.fixture(scope="module")
def recogniser():
    """Knows all statements."""
    return Recogniser(load_knowledge())


def joined(recogniser, *lines):
    """(text of the attributes, span, known) of what the lines become."""
    found = mended(lines_of_text("\n".join(lines)), recogniser.recognise)
    return [(line.attrs.strip(), line.span, known is not None) for line, known in found]


def test_attributes_on_lines_of_their_own(recogniser):
    """As people lay them out to be read."""
    rest = [" layers.requested=-1 layers.model=49", ' layers.offload=4 memory.available="[11.4 GiB]"']
    assert joined(recogniser, SLOG, *rest) == [(" ".join(part.strip() for part in rest), 3, True)]


def test_other_lines_stay_alone(recogniser):
    """An indented remark has no attributes; attributes behind no slog line are nothing."""
    assert len(joined(recogniser, SLOG, " and that is all")) == 2
    assert len(joined(recogniser, "hello", " layers.model=49")) == 2


def test_words_cut_at_the_edge_of_a_terminal(recogniser):
    """journald puts its prefix before each line, so what has none goes on."""
    assert joined(recogniser, JOURNAL + MEMORY, '="27.4 GiB" free_swap="977.0 MiB"') == [
        ('total="31.0 GiB" free="27.4 GiB" free_swap="977.0 MiB"', 2, True)
    ]
    assert joined(recogniser, JOURNAL + RUNNER, 'del /m/a --port 1"') == [('cmd="/usr/bin/ollama runner --model /m/a --port 1"', 2, True)]


def test_a_digest_cut_in_two(recogniser):
    """Only where both parts make 64 digits."""
    whole = "0123456789abcdef" * 4
    assert joined(recogniser, JOURNAL + LOADING + whole[:50], whole[50:]) == [(f"model=/m/blobs/sha256-{whole}", 2, True)]
    assert len(joined(recogniser, JOURNAL + LOADING + whole[:50], whole[:9])) == 2


def test_a_remark_below_a_whole_line(recogniser):
    """Is not taken for the rest of it."""
    assert len(joined(recogniser, JOURNAL + MEMORY + '="1 GiB"', "this was yesterday")) == 2
