"""The picture as SVG: its bars add up, its layers are all there, and what is not known says so."""

import itertools
import xml.etree.ElementTree as ET

import pytest

from explain_log.facts.models import DeviceMemory, LoadError, LoadStage, ModelLoad, RunDevice, ServerRun
from explain_log.lines import parse_origin
from explain_log.pipeline import make_report
from explain_log.render.picture.amounts import seconds_text, size_text
from explain_log.render.picture.layers import layer_map_of
from explain_log.render.picture.memory import LOADED, bars_of
from explain_log.render.picture.paper import sheets, svg_file
from explain_log.render.picture.picture import picture_of
from explain_log.render.picture.svg import fit, text_width, wrapped
from explain_log.render.picture.timeline import timeline_of
from explain_log.render.words import Words
from explain_log.report import Report, Source

SVG = "{http://www.w3.org/2000/svg}"
EXAMPLE = "examples/deepseek-r1-70b-8gpu.log"


def report_of(load=None, *devices, **run):
    """A report with one load, on a server with these devices."""
    runs = [ServerRun(1, 9, devices=list(devices), **run)]
    if load is not None:
        load.server_run = 0
    return Report(Source("a.log", 1, 9), "en", server_runs=runs, loads=[load] if load else [])


def load_on(count, **more):
    """A ready load over so many GPUs, each with all kinds of buffers, and host memory."""
    load = ModelLoad(1, outcome="ready", layers_offloaded=count * 2 + 1, layers_total=count * 2 + 1, engine="go-runner", **more)
    load.model.n_layer = count * 2
    load.devices = [
        DeviceMemory(f"CUDA{n}", 3000.25 + n, 256.5, 12.5, 300.0, 1.25, 3570.5 + n, 2, n == count - 1) for n in range(count)
    ]
    load.devices.append(DeviceMemory("CUDA_Host", None, None, None, 12.5, 0.5, 13.0))
    load.devices.append(DeviceMemory("CPU_Mapped", 500.0, None, None, None, None, 500.0))
    return load


def drawn(report, language="en", theme="auto"):
    """The root of the picture of a report."""
    return ET.fromstring(svg_file(picture_of(report), Words(language), theme).encode())


def said(root):
    """All text that the picture shows."""
    return "\n".join("".join(text.itertext()) for text in root.iter(f"{SVG}text"))


@pytest.mark.parametrize("count", [1, 2, 3, 8, 16])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_bars_add_up_to_what_the_load_takes(count, language):
    """What is drawn of a load is the sum of its devices' totals; nothing is drawn of what is not there."""
    load = load_on(count)
    root = drawn(report_of(load), language)
    taken = sum(float(bar.get("data-mib")) for bar in root.iter(f"{SVG}rect") if bar.get("data-kind") in LOADED)
    assert taken == pytest.approx(sum(device.total_mib for device in load.devices), abs=0.05)
    assert len([bar for bar in bars_of(report_of(load), load) if bar.is_host]) == 1


@pytest.mark.parametrize("count", [1, 2, 8, 16])
def test_every_layer_is_drawn_once(count):
    """The repeating layers of all devices together are the model's, and the output layer is marked on its device."""
    root = drawn(report_of(load_on(count)))
    assert sum(int(path.get("data-layers")) for path in root.iter(f"{SVG}path") if path.get("data-layers")) == count * 2
    assert f"output layer on CUDA{count - 1}" in said(root)


def test_lengths_are_on_one_scale():
    """A device with twice the memory has a bar twice as long."""
    load = ModelLoad(1, outcome="ready")
    load.devices = [DeviceMemory("CUDA0", 4000.0, total_mib=4000.0), DeviceMemory("CUDA1", 2000.0, total_mib=2000.0)]
    lengths = {float(r.get("data-mib")): float(r.get("width")) for r in drawn(report_of(load)).iter(f"{SVG}rect") if r.get("data-mib")}
    assert lengths[4000.0] == pytest.approx(lengths[2000.0] * 2, rel=0.01)


def test_what_is_free_and_what_others_had_is_drawn_where_the_log_tells():
    """Capacity 8000, 7000 free at the start, 3000 taken by the load: 1000 of others, 4000 free."""
    load = ModelLoad(1, outcome="ready")
    load.devices = [DeviceMemory("CUDA0", 3000.0, total_mib=3000.0)]
    device = RunDevice("GPU-1", "Tesla T4", "cuda", total_mib=8000.0, available_mib=7000.0)
    (bar,) = bars_of(report_of(load, device), load)
    assert {segment.kind: segment.mib for segment in bar.segments} == {"weights": 3000.0, "taken": 1000.0, "free": 4000.0}
    assert not bar.over
    assert "Tesla T4" in said(drawn(report_of(load, device)))


def test_a_load_that_takes_more_than_was_free_says_so():
    """And its bar is not longer than the device."""
    load = ModelLoad(1, outcome="ready")
    load.devices = [DeviceMemory("CUDA0", 7500.0, total_mib=7500.0)]
    report = report_of(load, RunDevice("GPU-1", "T4", "cuda", total_mib=8000.0, available_mib=7000.0))
    (bar,) = bars_of(report, load)
    assert bar.over
    assert bar.length_mib == 8000.0
    assert "more than was free" in said(drawn(report))


def test_without_a_capacity_nothing_is_called_free():
    """The picture says that what is free is unknown."""
    root = drawn(report_of(load_on(2)))
    assert not [bar for bar in root.iter(f"{SVG}rect") if bar.get("data-kind") in ("free", "free_before", "taken")]
    assert "unknown" in said(root)


def test_a_device_of_which_only_the_total_is_known_is_other():
    """No part is made up."""
    load = ModelLoad(1, outcome="ready")
    load.devices = [DeviceMemory("CUDA0", total_mib=512.0)]
    (bar,) = bars_of(report_of(load), load)
    assert [(segment.kind, segment.mib) for segment in bar.segments] == [("other", 512.0)]


def test_a_failed_load_shows_why_and_the_devices_as_they_were():
    """No memory is known; what was free before is."""
    load = ModelLoad(1, outcome="failed", error=LoadError("oom.gpu", "out of memory", 7))
    text = said(drawn(report_of(load, RunDevice("0", "Tesla T4", "cuda", total_mib=8000.0, available_mib=7000.0))))
    for words in ("failed (line 7): out of memory", "does not show how much memory", "use unknown", "free before 6.84 GiB", "Tesla T4"):
        assert words in text
    assert "how long the load took" in text
    assert "which layers are where" in text


def test_a_log_without_a_load_has_a_picture_too():
    """It says so."""
    assert said(drawn(report_of())) == "No model load in this log"


def test_the_latest_failure_leads_as_it_does_on_the_page():
    """Of several loads the picture says which one it shows."""
    report = report_of(load_on(1))
    report.loads.append(ModelLoad(2, outcome="failed"))
    report.loads.append(ModelLoad(3, outcome="ready"))
    assert "Load 2" in said(drawn(report))


def test_layers_without_devices_are_counted_by_offload():
    """Only how many are on GPUs is known: which of several GPUs is not said."""
    load = ModelLoad(1, outcome="ready", layers_offloaded=20, layers_total=33)
    load.devices = [DeviceMemory("CUDA0", 1.0, total_mib=1.0), DeviceMemory("CUDA1", 1.0, total_mib=1.0)]
    found = layer_map_of(load)
    assert [(block.device, block.count, block.on_gpu) for block in found.blocks] == [("CPU", 13, False), ("", 20, True)]
    assert found.output_device is None
    assert layer_map_of(ModelLoad(1)) is None


@pytest.mark.parametrize(("engine", "first"), [("go-runner", [0, 10]), ("ollama-engine", [None, None])])
def test_layer_numbers_are_told_only_where_the_order_is_certain(engine, first):
    """llama.cpp gives layers out in order; Ollama's own engine need not."""
    load = ModelLoad(1, engine=engine)
    load.model.n_layer = 30
    load.devices = [DeviceMemory("CUDA0", layers=20), DeviceMemory("CPU", layers=10)]
    assert [block.first for block in layer_map_of(load).blocks] == first


def stages(*pairs):
    """A load with these stages and times of one morning."""
    load = ModelLoad(1, outcome="ready")
    load.stages = [LoadStage(stage, line, time and f"2025-01-01T10:00:{time}") for line, (stage, time) in enumerate(pairs, 1)]
    return load


def test_the_timeline_counts_from_the_first_moment():
    """Steps are the differences; a moment without a time is named, not placed."""
    load = stages(("attempt", "01.0"), ("metadata", "01.5"), ("tensors", None), ("ready", "09.0"))
    found = timeline_of(load)
    assert [(moment.stage, moment.seconds) for moment in found.moments] == [
        ("attempt", 0.0),
        ("metadata", 0.5),
        ("tensors", None),
        ("ready", 8.0),
    ]
    root = drawn(report_of(load))
    assert sum(float(bar.get("data-seconds")) for bar in root.iter(f"{SVG}rect") if bar.get("data-seconds")) == 8.0
    assert "not timed in the log: weights placed" in said(root)


def test_whole_seconds_of_a_collector_do_not_run_backwards():
    """10:00:01.9 by the program, then 10:00:01 by the collector: no time went by."""
    found = timeline_of(stages(("attempt", "01.9"), ("metadata", "01"), ("ready", "05")))
    assert [moment.seconds for moment in found.moments] == [0.0, 0.0, pytest.approx(3.1)]


def test_clocks_that_disagree_give_no_time():
    """A step of an hour back is of another clock: its moment has no time."""
    load = stages(("attempt", "01"), ("ready", "05"))
    load.stages[1].time = "2025-01-01T09:00:00"
    assert timeline_of(load).measured_seconds is None


def test_only_the_logged_seconds_make_one_bar():
    """And nothing at all makes a sentence."""
    assert "8.5 s as logged" in said(drawn(report_of(ModelLoad(1, outcome="ready", load_seconds=8.5))))
    assert timeline_of(ModelLoad(1)) is None


@pytest.mark.parametrize("hostile", ["</text><script>alert(1)</script>", '"onload="alert(1)', "]]>&x;<!--", "\x1b[2J\u202e\x00\ufffe\ud800"])
def test_what_a_log_holds_is_text_and_nothing_else(hostile):
    """Names from a log add no element and no attribute, and the file stays XML."""
    plain, forged = (load_on(2) for _ in range(2))
    for load, name in ((plain, "a name"), (forged, hostile)):
        load.model.name = name
        load.devices[0].device = f"CUDA0{name}"
        load.outcome, load.error = "failed", LoadError("oom.gpu", name, 1)
    shapes = [
        [(node.tag, sorted(node.attrib)) for node in drawn(report_of(load, RunDevice(name=load.model.name))).iter() if node.tag not in (f"{SVG}text", f"{SVG}tspan")]
        for load in (plain, forged)
    ]
    assert shapes[0] == shapes[1]


def test_a_picture_has_a_name_and_a_description():
    """Who cannot see it is told the same."""
    root = drawn(report_of(load_on(1)))
    assert root.get("role") == "img"
    named = {node.get("id"): node.text for node in root if node.tag in (f"{SVG}title", f"{SVG}desc")}
    title, description = (named[name] for name in root.get("aria-labelledby").split())
    assert title == "Memory: model name not in the log"
    for words in ("CUDA0: 3.49 GiB", "weights 2.93 GiB", "System memory", "output layer on CUDA0", "Load time"):
        assert words in description


def test_themes_differ_in_colours_alone():
    """auto has the light colours, and the dark ones for who asks for them; nothing in it needs variables."""
    styles = {theme: drawn(report_of(load_on(1)), theme=theme).find(f"{SVG}style").text for theme in ("light", "dark", "auto")}
    assert styles["auto"] == f"{styles['light']}@media (prefers-color-scheme:dark){{{styles['dark']}}}"
    assert styles["light"] != styles["dark"]
    assert "var(" not in styles["auto"]
    for look in ("paper", "ink", "soft", "weights", "kv", "compute", "other", "taken", "free", "cpu", "gpu-a", "output", "alarm"):
        assert f".xp-{look}{{fill:#" in styles["light"]


@pytest.mark.parametrize("width", [280.0, 340.0, 760.0])
def test_everything_stays_within_the_width(width):
    """Rectangles of 16 devices end before the edge, whatever the width."""
    for sheet in sheets(picture_of(report_of(load_on(16))), Words("zh"), width, "p"):
        root = ET.fromstring(sheet.svg)
        for bar in root.iter(f"{SVG}rect"):
            assert float(bar.get("x")) + float(bar.get("width")) <= width + 0.5


def test_no_text_runs_into_the_next_in_the_layer_map():
    """Names of 16 devices that have no room are left out, not drawn over each other."""
    layers = sheets(picture_of(report_of(load_on(16))), Words("en"), 340.0, "p")[1]
    rows = {}
    for text in ET.fromstring(layers.svg).iter(f"{SVG}text"):
        if text.get("text-anchor") is None:
            rows.setdefault(text.get("y"), []).append((float(text.get("x")), text_width(text.text, 12.0)))
    for row in rows.values():
        for (x, width), (following, _) in itertools.pairwise(row):
            assert x + width <= following + 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_example(language):
    """The log that the project began with: 8 GPUs, 80 layers, 51 GiB, 231 seconds."""
    root = drawn(make_report([parse_origin(EXAMPLE)], language), language)
    text = said(root)
    for value in ("DeepSeek R1 Distill Llama 70B", "51.04 GiB", "646 MiB", "CUDA7", "7.05 GiB", "231.27"):
        assert value in text


def test_amounts():
    """About three digits, in the unit that fits."""
    assert [size_text(mib) for mib in (0.5, 12.34, 320.0, 7216.8, 150_000.0)] == ["0.50 MiB", "12.3 MiB", "320 MiB", "7.05 GiB", "146 GiB"]
    assert [seconds_text(seconds) for seconds in (0.0, 8.5, 231.27, 1234.5)] == ["0", "8.5", "231.27", "1234"]


def test_texts_are_cut_and_wrapped_to_a_width():
    """What does not fit ends with an ellipsis; too many lines too."""
    assert fit("short", 12, 100) == "short"
    assert fit("a long name of a device", 12, 60).endswith("…")
    assert text_width(fit("a long name of a device", 12, 60), 12) <= 60
    lines = wrapped("word " * 60, 12, 100, 2)
    assert len(lines) == 2
    assert lines[-1].endswith("…")
