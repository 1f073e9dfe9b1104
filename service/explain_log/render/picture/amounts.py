"""Amounts as a picture says them."""

from __future__ import annotations

_MIB_PER_GIB = 1024.0


def size_text(mib: float) -> str:
    """`7.05 GiB`, `320 MiB`, `2.08 MiB`: about three digits."""
    if mib >= _MIB_PER_GIB:
        gib = mib / _MIB_PER_GIB
        return f"{gib:.2f} GiB" if gib < 100 else f"{gib:.0f} GiB"
    return f"{mib:.0f} MiB" if mib >= 100 else f"{mib:.1f} MiB" if mib >= 10 else f"{mib:.2f} MiB"


def seconds_text(seconds: float) -> str:
    """`231.27`, `8.5`, `0`: hundredths below 1000 seconds."""
    return f"{seconds:.0f}" if seconds >= 1000 else f"{seconds:.2f}".rstrip("0").rstrip(".")
