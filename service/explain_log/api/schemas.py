"""The shapes of what the service answers, and the problems that each operation may answer with."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from explain_log.api import problems

Severity = Literal["info", "notice", "warning", "error"]
ReportLanguage = Literal["zh", "en"]

PROBLEM_SCHEMA = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "One line that says what is wrong and what to do."},
        "retry_after": {"type": "integer", "description": "Seconds after which to come again; a stream has no header."},
    },
    "required": ["type", "title", "status", "detail"],
}
_WHY = {
    400: "The request cannot be read.",
    401: "A key is needed, or this one does not hold.",
    403: "The request comes from another site's page, or lacks the session's token.",
    404: "There is no such thing, or it is not this key's.",
    406: "None of the types that Accept names can be had.",
    408: "The body came too slowly.",
    409: "The report is not in a state for this.",
    413: "The body is too long.",
    415: "The body's type or encoding is not taken.",
    421: "The service does not answer under this name.",
    422: "The body or a parameter is not as described.",
    429: "Too many requests; Retry-After says when to come again.",
    503: "Too much to do; Retry-After says when to come again.",
}


def may_refuse(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems of an operation, for OpenAPI; those that every one has are added."""
    content = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    every = sorted({*statuses, 400, 401, 403, 421, 429, 503})
    retry = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return {
        status: {
            "description": _WHY[status],
            "content": content,
            **({"headers": retry} if status in (429, 503) else {}),
        }
        for status in every
    }


class Strict(BaseModel):
    """A body whose unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Promised(BaseModel):
    """A report that is not ready. position: 0 while it is worked on; promised_seconds: until it should be ready."""

    id: str
    state: Literal["queued", "running"]
    position: int
    promised_seconds: float


class LineRequest(Strict):
    """Log lines to be explained one by one."""

    text: str = Field(max_length=1_000_000)
    language: Literal["auto", "zh", "en"] | None = None


class KnownLine(BaseModel):
    """What a line is. findings: the ids of findings that rest on it."""

    line: int
    text: str
    statement: str | None
    meaning: str | None
    findings: list[str]
    level: str | None = None
    severity: str | None = None
    fields: dict[str, Any] = {}
    term: str | None = None


class Question(Strict):
    """A question about a report."""

    question: str = Field(min_length=1, max_length=2000)
    language: Literal["auto", "zh", "en"] | None = None
    llm: StrictBool | None = None
    model: str | None = Field(default=None, max_length=200)


class AnswerSentence(BaseModel):
    """A sentence and what it rests on."""

    text: str
    cites: list[str]
    origin: Literal["model", "rules"]


class Answer(BaseModel):
    """An answer to a question about a report. notice: why no model wrote it, or ""."""

    id: str
    heading: str
    statements: list[AnswerSentence]
    origin: Literal["model", "rules"]
    model: str | None
    notice: str


class VerifyRequest(Strict):
    """Anybody's text about a log; the log itself, or the id of its report."""

    answer: str = Field(max_length=100_000)
    log: str = Field(default=None)  # type: ignore[assignment]  # absent, and never null
    report: str = Field(default=None, pattern="^[0-9a-f]{32}$")  # type: ignore[assignment]  # the same

    @classmethod
    def described(cls) -> dict[str, Any]:
        """The schema: one of the two, not both."""
        schema = cls.model_json_schema()
        fields = schema["properties"]
        for field in fields.values():
            field.pop("default", None)
        kinds = []
        for name in ("log", "report"):
            properties = {one: fields[one] for one in ("answer", name)}
            kinds.append({"type": "object", "properties": properties, "required": ["answer", name]})
        return {"oneOf": [{**kind, "additionalProperties": False} for kind in kinds], "title": schema["title"]}


class EvidenceLine(BaseModel):
    """A log line."""

    line: int
    text: str


class VerifiedClaim(BaseModel):
    """Something that a text claims of a log. span: its place in the text."""

    text: str
    span: tuple[int, int]
    verdict: Literal["supported", "contradicted", "unsupported"]
    code: str | None
    correction: str | None
    cites: list[str]
    evidence: list[EvidenceLine]


class Verification(BaseModel):
    """What holds of a text about a log."""

    language: ReportLanguage
    claims: list[VerifiedClaim]
    summary: dict[str, int]


class SessionRequest(Strict):
    """A key, to begin a browser's session with."""

    key: str = Field(min_length=1, max_length=200)


class SessionState(BaseModel):
    """keys: whether keys are needed here.  open: whether this browser may.  csrf: for the header X-CSRF-Token."""

    keys: bool
    open: bool
    csrf: str | None


class Health(BaseModel):
    """status: ok."""

    status: str
    version: str


class Ready(BaseModel):
    """mode: "facts_only" where no model is asked or none can be reached, else "model"; reason: why facts only."""

    status: Literal["ready"]
    mode: Literal["facts_only", "model"]
    reason: str | None
    model: str | None
