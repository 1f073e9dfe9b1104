"""`/docs`: the service's operations as a page of its own, which loads nothing from anywhere."""

from __future__ import annotations

from html import escape
from typing import Any

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>explain-log</title>
<style>body{{font:16px/1.5 sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}}
code,pre{{background:#8882;border-radius:4px;padding:.1em .3em}}pre{{padding:.7em;overflow:auto}}</style>
<h1>explain-log {version}</h1><p>{description}</p>{operations}
<p>The same as <a href="/openapi.json">OpenAPI</a>, with the schema of every field.</p></html>"""
_OPERATION = (
    "<h2><code>{method} {path}</code></h2><p>{summary}</p><p>{description}</p><ul>{parameters}</ul><ul>{answers}</ul>"
)
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def docs_page(schema: dict[str, Any]) -> str:
    """The page for an OpenAPI schema."""
    operations = [
        _operation(path, method, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]
    info = schema["info"]
    description = escape(info.get("description", ""))
    return _PAGE.format(version=escape(info["version"]), description=description, operations="".join(operations))


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    parameters = [
        f"<li><code>{escape(p['name'])}</code> ({escape(p['in'])}) {escape(p.get('description', ''))}</li>"
        for p in operation.get("parameters", [])
    ]
    answers = [
        f"<li><code>{escape(status)}</code> {escape(answer.get('description', ''))}</li>"
        for status, answer in operation["responses"].items()
    ]
    return _OPERATION.format(
        method=method.upper(),
        path=escape(path),
        summary=escape(operation.get("summary", "")),
        description=escape(operation.get("description", "")).replace("\n\n", "</p><p>"),
        parameters="".join(parameters),
        answers="".join(answers),
    )
