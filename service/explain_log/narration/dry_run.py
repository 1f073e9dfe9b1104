"""What would be sent to a model, without sending anything."""

from __future__ import annotations

from typing import Any

from explain_log.narration.model import OllamaModel
from explain_log.narration.options import ModelOptions
from explain_log.narration.prompts import problem, prompt_tokens
from explain_log.narration.server import OllamaServer
from explain_log.narration.task import PROMPT_TOKENS, section_tasks
from explain_log.report import Report


def requests_for(report: Report, options: ModelOptions) -> dict[str, Any]:
    """The requests of a narration, as plain values: `{url, requests: [{section, tokens, left_out, body}], notes}`.

    Without a network: what is not known of the model (which it is, how it has to be asked) is what is remembered of
    it, and the notes tell what could differ. Raises ModelUnavailable for a host that would be refused.
    """
    server = OllamaServer(options)
    model = OllamaModel(server, options)
    is_known = model.assume(options.model or "")
    tasks = [task for task in section_tasks(report, options.question, options.language) if task.is_for_model]
    model.make_room([task.messages for task in tasks], PROMPT_TOKENS)
    notes = ["dry_run_repair"] if tasks else []
    if not is_known:
        notes.insert(0, "dry_run_unknown" if options.model else "dry_run_no_model")
    return {
        "url": f"{server.url}/api/chat",
        "requests": [
            {
                "section": task.section.id,
                "tokens": prompt_tokens(task.messages),
                "left_out": task.briefing.left_out if task.briefing else 0,
                "body": model.request(task.messages, task.cites)
                | {"tools": [], "stream": True},  # as the client sends it
            }
            for task in tasks
        ],
        "notes": [problem(options.language, note, model=model.name) for note in notes],
    }
