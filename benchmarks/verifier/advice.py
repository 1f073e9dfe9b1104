"""Advice that a log's findings offer, in other words, and the same with another setting or another value."""

from __future__ import annotations

import random
from collections.abc import Iterator

from by_hand import Statement
from facts_of import names, report_of

SAYS = {
    "zh": [
        "可以把 {s} 设为 {v}。",
        "建议将 {s} 调整为 {v}。",
        "试试 {s}={v}。",
        "不妨把 {s} 改成 {v} 再看效果。",
        "一个办法是设置 {s}={v}。",
        "推荐配置：{s}={v}。",
        "如果想改善，把 {s} 设成 {v} 即可。",
    ],
    "en": [
        "You can set {s} to {v}.",
        "Consider changing {s} to {v}.",
        "Try {s}={v}.",
        "One remedy is {s}={v}.",
        "I would recommend setting {s}={v}.",
        "It helps to put {s} at {v}.",
        "Start the server with {s}={v} if you want to improve this.",
    ],
}
OTHER = {
    "OLLAMA_NUM_PARALLEL": ["OLLAMA_MAX_PARALLEL", "OLLAMA_PARALLEL_REQUESTS", "OLLAMA_MAX_QUEUE", "OLLAMA_NUM_SLOTS"],
    "OLLAMA_FLASH_ATTENTION": ["OLLAMA_FLASH_ATTN", "OLLAMA_USE_FLASH_ATTENTION", "OLLAMA_SCHED_SPREAD"],
    "OLLAMA_KV_CACHE_TYPE": ["OLLAMA_KV_TYPE", "OLLAMA_CACHE_QUANT", "OLLAMA_KV_CACHE_DTYPE", "OLLAMA_LLM_LIBRARY"],
    "OLLAMA_KEEP_ALIVE": ["OLLAMA_KEEPALIVE_TIME", "OLLAMA_MODEL_TTL", "OLLAMA_NOPRUNE"],
    "OLLAMA_LOAD_TIMEOUT": ["OLLAMA_STARTUP_TIMEOUT", "OLLAMA_REQUEST_TIMEOUT", "OLLAMA_TIMEOUT_LOAD"],
    "OLLAMA_CONTEXT_LENGTH": ["OLLAMA_MAX_CONTEXT", "OLLAMA_NUM_CTX", "OLLAMA_CTX_LENGTH"],
    "OLLAMA_MAX_LOADED_MODELS": ["OLLAMA_MODEL_LIMIT", "OLLAMA_LOADED_MAX", "OLLAMA_NOHISTORY"],
    "OLLAMA_GPU_OVERHEAD": ["OLLAMA_VRAM_RESERVE", "OLLAMA_GPU_HEADROOM"],
    "num_ctx": ["max_tokens", "num_predict", "context_size", "max_ctx"],
    "--ctx-size": ["--context-len", "--max-tokens", "--n-predict"],
    "--n-gpu-layers": ["--gpu-layer-count", "--layers", "--main-gpu"],
}
OTHER_VALUES = {"-1": "0", "10m": "10s", "30m": "30s", "q8_0": "q3_K", "1": "16", "1073741824": "1G"}


def from_advice(seed: int) -> Iterator[Statement]:
    """Every finding's advice that names a setting and a value, once in each language."""
    for log in names():
        findings = report_of(log).findings
        offered = {(a.setting, a.value) for finding in findings for a in finding.advice}
        told = sorted({(f.fact_id, a.setting, a.value) for f in findings for a in f.advice if a.setting and a.value})
        for finding, setting, value in told:
            for language in ("zh", "en"):
                rng = random.Random(f"{seed} {log} {finding} {setting} {value} {language}")
                how = rng.choice(SAYS[language])
                true = _said(how, setting, value)
                yield Statement(log, language, true, (finding,), truth=True, kind="advice")
                yield from _false(log, language, how, finding, setting, value, offered, true, rng)


def _said(how: str, setting: str, value: str) -> str:
    """The sentence; a flag of the command line has no equals sign."""
    return (
        how.format(s=setting, v=value).replace("=", " ") if setting.startswith("-") else how.format(s=setting, v=value)
    )


def _false(
    log: str,
    language: str,
    how: str,
    finding: str,
    setting: str,
    value: str,
    offered: set[tuple[str | None, str | None]],
    true: str,
    rng: random.Random,
) -> Iterator[Statement]:
    if setting in OTHER:
        wrong = _said(how, rng.choice(OTHER[setting]), value)
        yield Statement(log, language, wrong, (finding,), truth=False, kind="setting", was=true)
    flash = "0" if setting == "OLLAMA_FLASH_ATTENTION" else None
    other = flash or OTHER_VALUES.get(value) or (str(int(value) * 3) if value.isdigit() else None)
    if other and (setting, other) not in offered:
        yield Statement(log, language, _said(how, setting, other), (finding,), truth=False, kind="advice", was=true)
