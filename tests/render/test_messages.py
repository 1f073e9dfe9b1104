"""messages.toml and page_words.toml: both languages, the same placeholders, and nothing that is not used."""

import re
import tomllib
from pathlib import Path

from explain_log.errors import InputError
from explain_log.render.words import Words

ROOT = Path(__file__).resolve().parents[2]
TABLES = [tomllib.loads((ROOT / "knowledge" / name).read_text(encoding="utf-8")) for name in ("messages.toml", "page_words.toml")]
MESSAGES = TABLES[0] | TABLES[1]


def entries(table: dict, prefix: str = "") -> dict[str, dict[str, str]]:
    """Dotted key → texts by language."""
    found = {}
    for key, value in table.items():
        if set(value) <= {"zh", "en"}:
            found[prefix + key] = value
        else:
            found |= entries(value, f"{prefix}{key}.")
    return found


def test_no_group_stands_in_both_files():
    """A group of the one would hide that of the other."""
    assert not set(TABLES[0]) & set(TABLES[1])


def test_both_languages_with_the_same_placeholders():
    """Each text is there in both languages and names the same values."""
    for key, texts in entries(MESSAGES).items():
        assert set(texts) == {"zh", "en"}, key
        zh, en = (set(re.findall(r"\{(\w+)\}", texts[language])) for language in ("zh", "en"))
        assert zh == en, key


def code() -> dict[Path, str]:
    """All modules and templates of the package by their files."""
    files = [path for kind in ("*.py", "*.html", "*.js") for path in (ROOT / "service" / "explain_log").rglob(kind)]
    return {path: path.read_text(encoding="utf-8") for path in files}


def test_every_text_is_used():
    """A text whose key, or whose group and name, occur nowhere in the code is left over."""
    text = "\n".join(code().values())
    for key in entries(MESSAGES):
        group, _, name = key.partition(".")
        built = rf'f"{group}\.\{{|"{group}\.\w*" ~'  # in code, in a template
        assert re.search(rf"[\"']{re.escape(key)}[\"']", text) or re.search(built, text), key
        assert f'"{key}"' in text or name in text or group == "help", key


def test_every_key_in_the_code_is_there():
    """What the code asks for or raises by its whole key exists."""
    known = entries(MESSAGES)
    for path, text in code().items():
        for key in re.findall(r'(?:[wW]ords(?:\(\w+\))?|language|(?:Input|DamagedArchive)Error)\(\s*"([^"]*)"(?! ~)', text):
            assert key in known, (path.name, key)


def test_every_word_of_the_services_page_is_there():
    """Its scripts and templates name their words whole."""
    known = entries(MESSAGES)
    for path, text in code().items():
        for key in re.findall(r'"((?:web|weight)\.\w+)"(?! ~)', text):
            assert key in known, (path.name, key)


def test_no_error_is_raised_without_a_key():
    """An error that is written as a text would be told in one language only."""
    for path, text in code().items():
        assert not re.search(r'InputError\(\s*f"', text), path.name


def test_an_error_is_told_in_either_language():
    """Also an error within it, and the name of standard input; by itself it is English."""
    error = InputError("input.archive", name="standard input", damage=InputError("archive.cut_off", kind="gzip"))
    assert Words("zh").told(error) == "标准输入：gzip 压缩包不完整；请自己解压，再给出文本"
    assert Words("en").told(error) == str(error)
    assert str(error) == "standard input: a gzip that is cut off; unpack it by hand and give the text"
