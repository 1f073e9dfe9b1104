"""Block sizes of tensor types, from knowledge/quant_types.toml."""

from __future__ import annotations

from explain_log.knowledge import load

Block = tuple[int, int]


def block_of(type_name: str | None) -> Block | None:
    """(elements, bytes) of a block of this type, or None for a type that is not known."""
    if type_name is None:
        return None
    found = load().table("quant_types")["types"].get(type_name.lower())
    return (found[0], found[1]) if found else None


def output_type_of(file_type: str | None) -> str | None:
    """The type in which llama.cpp's quantizer stores the output matrix of a file of this type, or None.

    Source: src/llama-quant.cpp, llama_tensor_get_type.
    """
    if file_type is None:
        return None
    for name, output in load().table("quant_types")["output_types"].items():
        if file_type.startswith(name):
            return str(output)
    return None
