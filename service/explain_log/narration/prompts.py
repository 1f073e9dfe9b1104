"""Reads prompts/: what is said to a model, per language and purpose. No prompt text is in code."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from explain_log.briefing import estimate_tokens
from explain_log.errors import KnowledgeError

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PACKAGED_FOLDER = os.path.join(_PACKAGE, "_prompts")
CHECKOUT_FOLDER = os.path.join(os.path.dirname(os.path.dirname(_PACKAGE)), "prompts")
Message = dict[str, str]
"""`{"role": …, "content": …}`, as Ollama takes it."""

_ROLES = {"human": "user", "ai": "assistant", "system": "system"}


@lru_cache(maxsize=16)
def prompt_file(purpose: str, language: str) -> dict[str, Any]:
    """A file of prompts/, such as explain.zh.toml. Raises KnowledgeError where it is missing."""
    for folder in (PACKAGED_FOLDER, CHECKOUT_FOLDER):
        try:
            with open(os.path.join(folder, f"{purpose}.{language}.toml"), "rb") as file:
                return tomllib.load(file)
        except FileNotFoundError:
            continue
        except tomllib.TOMLDecodeError as error:
            raise KnowledgeError(f"prompts/{purpose}.{language}.toml: {error}") from error
    raise KnowledgeError(f"prompts/{purpose}.{language}.toml is missing: install explain-log again")


@lru_cache(maxsize=1)
def prompts_version() -> str:
    """A hash of all prompts."""
    from hashlib import blake2b

    digest = blake2b(digest_size=12)
    folder = PACKAGED_FOLDER if os.path.isdir(PACKAGED_FOLDER) else CHECKOUT_FOLDER
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            digest.update(name.encode() + b"\0" + file.read())
    return digest.hexdigest()


def render(purpose: str, language: str, fields: dict[str, Any]) -> list[Message]:
    """The messages of a prompt, filled with a briefing's fields."""
    from langchain_core.prompts import ChatPromptTemplate
    from langsmith import tracing_context

    template = prompt_file(purpose, language)
    roles = [(role, template[role]) for role in ("system", "user") if role in template]
    # LANGSMITH_TRACING in the environment would send the briefing to LangSmith.
    with tracing_context(enabled=False):
        messages = ChatPromptTemplate.from_messages(roles).invoke(fields).to_messages()
    return [_plain(message) for message in messages]


def _plain(message: BaseMessage) -> Message:
    return {"role": _ROLES[message.type], "content": str(message.content)}


def prompt_tokens(messages: Sequence[Message]) -> int:
    """What the messages take, by our estimate."""
    return sum(estimate_tokens(message["content"]) for message in messages)


def refusal(language: str, text: str, names: dict[str, str]) -> str:
    """Why a sentence is refused, in the language of the explanation."""
    words: str = prompt_file("refusals", language)[text]
    return words.format(**names)


def correction(language: str, text: str, names: dict[str, str], *, contradicted: bool) -> str | None:
    """What a reader is told about a claim that does not hold; None where there is nothing to tell."""
    words = prompt_file("corrections", language).get(text, {})
    told: str | None = words.get("contradicted" if contradicted else "unsupported")
    return told.format(**names) if told else None


def section_task(language: str, section: str) -> str:
    """What a section of the explanation is to say."""
    tasks: dict[str, str] = prompt_file("explain", language)["sections"]
    return tasks.get(section, tasks["default"])


def problem(language: str, text: str, **names: object) -> str:
    """One line that says why a model cannot be used and what to do."""
    words: str = prompt_file("problems", language)[text]
    return words.format(**names)
