"""`term`, `line` and `statements`: what the knowledge says, looked up."""

import json


def test_the_glossary_lists_all_terms(run):
    """Without a name the glossary is listed, one sentence a term."""
    assert "n_seq_max" in run("term").stdout
    assert {"id", "name", "short"} == set(json.loads(run("term", "--format", "json").stdout)[0])


def test_a_term_in_both_languages(run):
    """A term is told in the language asked for, with its misreadings put right."""
    zh, en = run("term", "n_seq_max", "--lang", "zh").stdout, run("term", "n_seq_max", "--lang", "en").stdout
    assert "并行序列数" in zh
    assert "常见误读" in zh
    assert "parallel sequences" in en
    assert "n_ctx_per_seq" in en


def test_a_term_by_any_of_its_names(run):
    """Case, blanks, hyphens and the language of the name do not matter."""
    wanted = json.loads(run("term", "n_seq_max", "--format", "json").stdout)["id"]
    for name in ("N_SEQ_MAX", "n-seq-max", "并行序列数", "Parallel Sequences"):
        assert json.loads(run("term", name, "--format", "json").stdout)["id"] == wanted


def test_a_term_in_markdown(run):
    """Markdown has the term as a heading."""
    assert run("term", "n_seq_max", "--format", "markdown").stdout.startswith("### n_seq_max\n")


def test_a_line(run):
    """A known line gives its statement, fields, meaning and how much it matters."""
    done = run("line", "llama_context: n_seq_max = 4", "--format", "json")
    answer = json.loads(done.stdout)[0]
    assert answer["statement"] == "llama.context.n_seq_max"
    assert answer["fields"] == {"n_seq_max": 4}
    assert {"line", "text", "statement", "meaning", "findings"} <= set(answer)
    assert "n_seq_max = 4" in run("line", "llama_context: n_seq_max = 4").stdout


def test_a_line_that_looks_like_an_option(run):
    """A log line may begin with a dash."""
    assert run("line", "- kv   0: general.architecture str = llama").returncode == 0


def test_lines_from_standard_input(run):
    """`line -` explains each line of standard input."""
    done = run("line", "-", "--format", "json", stdin="llama_context: n_ctx = 8192\n\nwhat is this\n")
    assert [(a["line"], a["statement"]) for a in json.loads(done.stdout)] == [(1, "llama.context.n_ctx"), (3, None)]


def test_an_unknown_line_is_answered(run):
    """A line that is not known says so and is no wrong use."""
    assert (run("line", "hello").returncode, run("line", "hello").stderr) == (0, "")


def test_statements_by_all_words(run):
    """Each word has to occur, in any case, in id, wording or meaning."""
    found = json.loads(run("statements", "N_SEQ_MAX", "context", "--format", "json").stdout)
    assert "llama.context.n_seq_max" in [one["id"] for one in found]
    assert len(found) < len(json.loads(run("statements", "--format", "json").stdout))


def test_statements_for_grep(run):
    """The plain form has id, level and severity on the first line of each."""
    first = run("statements", "n_seq_max").stdout.splitlines()[0].split()
    assert len(first) == 3
    assert first[2] in ("info", "notice", "warning", "error")
