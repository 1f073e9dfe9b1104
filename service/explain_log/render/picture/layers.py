"""Which layers of a load are on which device, as blocks in the order of the layers."""

from __future__ import annotations

from dataclasses import dataclass, field

from explain_log.facts.models import ModelLoad
from explain_log.facts.record import gpu_devices, is_gpu
from explain_log.knowledge import load as load_knowledge
from explain_log.render.safe import visible


@dataclass(eq=False)
class Block:
    """Layers that follow each other on one device; device is "" for GPUs of which none is known by name.

    count: repeating layers, or items with the output layer among them where it is not known apart.
    first: the number of the first layer, from 0, where the order is certain.
    """

    device: str
    count: int
    on_gpu: bool
    first: int | None = None


@dataclass(eq=False)
class LayerMap:
    """All layers of a load. output_device: where the output layer is, None where that is not known.

    items: whether the blocks count the output layer in.
    """

    blocks: list[Block] = field(default_factory=list)
    output_device: str | None = None
    items: bool = False

    @property
    def count(self) -> int:
        """How many layers the blocks hold."""
        return sum(block.count for block in self.blocks)


def layer_map_of(load: ModelLoad) -> LayerMap | None:
    """The layers by device where the log tells, else how many are on GPUs; None where it tells neither."""
    return _by_device(load) or _by_offload(load)


def _by_device(load: ModelLoad) -> LayerMap | None:
    """Layers of each device; the CPU's come first, as llama.cpp has it (llama-model.cpp, load_tensors)."""
    cpu = [d for d in load.devices if not is_gpu(d.device) and d.layers]
    gpus = [d for d in gpu_devices(load) if d.layers]
    blocks = [Block(visible(d.device), d.layers or 0, is_gpu(d.device)) for d in (*cpu, *gpus)]
    if not blocks or sum(block.count for block in blocks) != load.model.n_layer:
        return None
    backends = {d.device.rstrip("0123456789") for d in gpus}
    if _is_llama_cpp(load.engine) and len(backends) <= 1 and len(cpu) <= 1:
        first = 0
        for block in blocks:
            block.first = first
            first += block.count
    output = next((visible(d.device) for d in load.devices if d.holds_output), None)
    return LayerMap(blocks, output)


def _is_llama_cpp(engine: str | None) -> bool:
    """Whether layers are given out in order, first to the CPU, then GPU by GPU; Ollama's own engine need not."""
    return any(era["engine"] == engine for era in load_knowledge().table("engines")["ollama"])


def _by_offload(load: ModelLoad) -> LayerMap | None:
    """Only how many are on GPUs and how many are not: offloaded a of b, the output layer counted as one."""
    total, offloaded = load.layers_total, load.layers_offloaded
    if not total or offloaded is None or not 0 <= offloaded <= total:
        return None
    gpus = gpu_devices(load)
    name = visible(gpus[0].device) if len(gpus) == 1 else ""
    blocks = [Block("CPU", total - offloaded, on_gpu=False), Block(name, offloaded, on_gpu=True)]
    return LayerMap([block for block in blocks if block.count], items=True)
