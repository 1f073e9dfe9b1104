"""The key of an explanation: everything that it depends on."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from explain_log import __version__
from explain_log.knowledge import load
from explain_log.narration.options import ModelOptions
from explain_log.narration.prompts import prompts_version
from explain_log.report import Report, report_json

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def key_of(report: Report, digest: str, options: ModelOptions) -> str:
    """A hash of facts, findings and the rules' text, of the versions of all that made them, model, question, language.

    Host, time-outs and how many requests run at once do not change what is said and are no part of it.
    """
    facts = report_json(report)
    del facts["id"]
    facts["source"] = {k: v for k, v in facts["source"].items() if k not in ("name", "files")}
    parts: dict[str, Any] = {
        "version": [__version__, code_version(), load().version, prompts_version()],
        "model": digest,
        "question": " ".join((options.question or "").split()),
        "language": options.language,
        "facts": facts,
    }
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True)
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()


@lru_cache(maxsize=1)
def code_version() -> str:
    """A hash of the package's code: what an older verifier let pass is not shown by a newer one."""
    digest = blake2b(digest_size=12)
    for folder, folders, names in os.walk(_PACKAGE):
        folders.sort()
        for name in sorted(names):
            if name.endswith(".py"):
                with open(os.path.join(folder, name), "rb") as file:
                    digest.update(file.read())
    return digest.hexdigest()
