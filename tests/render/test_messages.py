"""messages.toml: both languages, the same placeholders, and nothing that is not used."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MESSAGES = tomllib.loads((ROOT / "knowledge" / "messages.toml").read_text(encoding="utf-8"))


def entries(table: dict, prefix: str = "") -> dict[str, dict[str, str]]:
    """Dotted key → texts by language."""
    found = {}
    for key, value in table.items():
        if set(value) <= {"zh", "en"}:
            found[prefix + key] = value
        else:
            found |= entries(value, f"{prefix}{key}.")
    return found


def test_both_languages_with_the_same_placeholders():
    """Each text is there in both languages and names the same values."""
    for key, texts in entries(MESSAGES).items():
        assert set(texts) == {"zh", "en"}, key
        zh, en = (set(re.findall(r"\{(\w+)\}", texts[language])) for language in ("zh", "en"))
        assert zh == en, key


def test_every_text_is_used():
    """A text whose group and name occur nowhere in the code is left over."""
    folders = ("cli", "render")
    code = "\n".join(
        path.read_text(encoding="utf-8") for folder in folders for path in (ROOT / "service/explain_log" / folder).glob("*.py")
    )
    for key in entries(MESSAGES):
        group, _, name = key.partition(".")
        assert f'"{key}"' in code or re.search(rf'f"{group}\.\{{', code), key
        assert f'"{key}"' in code or name in code or group == "help", key


def test_every_key_in_the_code_is_there():
    """What the code asks for by its whole key exists."""
    known = entries(MESSAGES)
    for folder in ("cli", "render"):
        for path in (ROOT / "service/explain_log" / folder).glob("*.py"):
            for key in re.findall(r'[wW]ords(?:\(\w+\))?\(\s*"([a-z_.]+)"', path.read_text(encoding="utf-8")):
                assert key in known, (path.name, key)
