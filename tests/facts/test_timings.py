"""Prefill and generation, request by request, where llama-server prints them."""

from explain_log.pipeline import report_of_text

SERVER = "build: 6050 (abc1234) with gcc for linux\nsrv  load_model: loading model '/models/x.gguf'\nmain: model loaded\n"
REQUEST = """slot print_timing: id  0 | task {task} |
prompt eval time =     100.00 ms /   {prompt} tokens (    1.00 ms per token,  {prefill} tokens per second)
       eval time =     500.00 ms /    10 tokens (   50.00 ms per token,    {rate} tokens per second)
      total time =     600.00 ms /   110 tokens
srv  log_server_r: request: POST /v1/chat/completions 127.0.0.1 200
"""


def requests_of(*rows):
    """The requests of a server that answered these."""
    log = SERVER + "".join(REQUEST.format(task=n, prompt=p, prefill=a, rate=b) for n, (p, a, b) in enumerate(rows))
    return report_of_text(log, "en").requests


def test_each_request_has_its_rates():
    """Tokens and tokens a second of prompt and answer stand beside the line that says them."""
    requests = requests_of((100, "1000.00", "20.00"), (50, "500.00", "40.00"))
    assert requests.count == 2
    shown = [(t.prompt_tokens, t.prompt_tokens_per_second, t.tokens, t.tokens_per_second) for t in requests.timings]
    assert shown == [(100, 1000.0, 10, 20.0), (50, 500.0, 10, 40.0)]
    assert requests.timings[0].line == 5


def test_the_medians_are_of_the_requests():
    """The mean of the two in the middle where their number is even."""
    requests = requests_of((100, "1000.00", "20.00"), (50, "500.00", "40.00"))
    assert (requests.prefill_tokens_per_second, requests.generation_tokens_per_second) == (750.0, 30.0)


def test_a_cached_prompt_has_no_rate():
    """`inf` tokens a second are none."""
    (timing,) = requests_of((1, "inf", "20.00")).timings
    assert timing.prompt_tokens_per_second is None
    assert timing.tokens_per_second in (None, 20.0)


def test_seconds_since_1970_are_an_envelope():
    """llama-server of early 2024 stamps its lines so."""
    report = report_of_text("[1705188185] Available slots:\n", "en")
    assert report.source.recognised_lines == 1
    assert report.source.first_time == "2024-01-13T23:23:05Z"
