"""What went wrong, why, and that nothing did, said of every log whose report tells; the causes of others are false."""

from __future__ import annotations

import random
from collections.abc import Iterator

from by_hand import Statement
from facts_of import names, report_of

CAUSES = {
    "oom.gpu": ("显存不足", "GPU memory ran out"),
    "runner.assertion": ("程序内部的断言失败", "an assertion failed inside the program"),
    "model.projector_unsupported": ("视觉投影器的类型不受支持", "the vision projector is of an unsupported type"),
    "model.unknown_architecture": ("这个版本不认识模型的架构", "this version does not know the model's architecture"),
    "load.timeout": ("加载太久没有进展，超时了", "the load made no progress for too long and timed out"),
    "load.cancelled": ("客户端中途断开了连接", "the client closed the connection midway"),
    "runner.segfault": ("进程发生了段错误", "the runner hit a segmentation fault"),
}
ALIKE = ({"load.timeout", "load.cancelled"},)
WRONG_CAUSES = [
    ("端口已经被占用", "the port was already in use"),
    ("磁盘写满了", "the disk was full"),
    ("网络太慢", "the network was too slow"),
    ("模型文件损坏", "the model file was corrupt"),
    ("驱动版本太旧", "the GPU driver was too old"),
    ("没有读取模型的权限", "the server may not read the model"),
]
WHY = {
    "zh": [
        "加载失败的原因是{c}。",
        "之所以失败，是因为{c}。",
        "由于{c}，模型没能用起来。",
        "失败的根本原因：{c}。",
        "问题出在{c}。",
        "{c}，导致加载中断。",
    ],
    "en": [
        "The load failed because {c}.",
        "The cause of the failure: {c}.",
        "It did not work since {c}.",
        "What went wrong is that {c}.",
        "Because {c}, the model could not be used.",
        "{c}, which is why the load ended.",
    ],
}
NO_ERROR = {
    "zh": ["日志里没有报错。", "没有看到任何错误信息。", "整份日志没有出现错误。"],
    "en": [
        "There are no errors in the log.",
        "No error shows up anywhere in this log.",
        "Nothing in the log points to a failure.",
    ],
}
NO_CRASH = {
    "zh": ["没有发现显存不足、崩溃或超时。", "日志中并无异常退出的迹象。"],
    "en": ["The log is free of crashes and out-of-memory errors.", "I see no sign of a crash or a timeout."],
}
UNWELL = ("request.", "oom.", "runner.", "load.timeout", "memory.vram", "memory.pinned", "memory.kv_mismatch")
SOMETHING = {
    "zh": [
        "日志里有 CUDA 报错。",
        "日志显示发生了显存不足。",
        "runner 中途崩溃过。",
        "加载超时被放弃了。",
        "日志里出现了 panic。",
    ],
    "en": [
        "The log has a CUDA error.",
        "The log shows that GPU memory ran out.",
        "The runner crashed at some point.",
        "The load timed out and was given up.",
        "There is a panic in the log.",
    ],
}
TROUBLE = {
    "zh": ["日志里有错误。", "日志里能看到失败的记录。", "这份日志并不是一切正常。"],
    "en": ["The log contains an error.", "Something failed in this log.", "Not everything went well in this log."],
}


def from_outcomes(seed: int) -> Iterator[Statement]:
    """For each log, statements about errors and their absence, and for each failed load its cause."""
    for log in names():
        rng = random.Random(f"{seed} {log}")
        report = report_of(log)
        errors = [finding for finding in report.findings if finding.severity == "error"]
        failed = [load for load in report.loads if load.outcome == "failed"]
        warned = any(f.severity == "warning" or f.id.startswith(UNWELL) for f in report.findings)
        ready = [load for load in report.loads if load.purpose == "serve" and load.outcome == "ready"]
        for language in ("zh", "en"):
            if errors:
                cites = (errors[0].fact_id,)
                for text in rng.sample(TROUBLE[language], 2):
                    yield Statement(log, language, text, cites, truth=True, kind="trouble")
                for text in NO_ERROR[language]:
                    yield Statement(log, language, text, cites, truth=False, kind="absence", was=TROUBLE[language][0])
            elif ready and not failed and not warned:
                cites = (f"fact:loads.{ready[0].index}.outcome",)
                for text in rng.sample(NO_ERROR[language] + NO_CRASH[language], 4):
                    yield Statement(log, language, text, cites, truth=True, kind="absence")
                for text in rng.sample(SOMETHING[language], 3):
                    yield Statement(log, language, text, cites, truth=False, kind="absence", was=NO_ERROR[language][0])
        if len(report.loads) == 1 and failed:
            yield from _causes(log, rng)


def _causes(log: str, rng: random.Random) -> Iterator[Statement]:
    """The cause that the report gives, and causes that it does not give."""
    failure = next((f for f in report_of(log).findings if f.id in CAUSES), None)
    if failure is None:
        return
    for place, language in enumerate(("zh", "en")):
        own = CAUSES[failure.id][place]
        others = [
            cause[place] for name, cause in CAUSES.items() if {name, failure.id} not in ALIKE and name != failure.id
        ]
        hows = rng.sample(WHY[language], 4)
        true = [_sentence(how, own) for how in hows]
        for text in true[:3]:
            yield Statement(log, language, text, (failure.fact_id,), truth=True, kind="cause")
        wrong = [*rng.sample(others, 2), *(cause[place] for cause in rng.sample(WRONG_CAUSES, 2))]
        for how, cause in zip(hows, wrong, strict=True):
            text = _sentence(how, cause)
            yield Statement(log, language, text, (failure.fact_id,), truth=False, kind="cause", was=true[0])


def _sentence(how: str, cause: str) -> str:
    text = how.format(c=cause)
    return text[0].upper() + text[1:]
