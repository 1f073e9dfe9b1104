"""A log that tries to run scripts from every field."""

ATTACK = "</style></script><script>window.ran=1;alert(1)</script><img src=x onerror=window.ran=1;alert(1)>\"'><svg onload=window.ran=1>"
ATTACKED = f"""\
time=2025-02-11T11:30:01.000+08:00 level=INFO source=server.go:376 msg="starting llama server" cmd="/usr/bin/ollama runner --model /m/{ATTACK} --ctx-size 2048"
llama_model_loader: loaded meta data with 24 key-value pairs and 291 tensors from /m/{ATTACK} (version GGUF V3 (latest))
print_info: general.name     = {ATTACK}
load_tensors: offloaded 33/33 layers to GPU
load_tensors:        CUDA0 model buffer size =  4155.99 MiB
load_tensors:        {ATTACK} model buffer size =  10.00 MiB
time=2025-02-11T11:30:07.000+08:00 level=INFO source=sched.go:449 msg="Load failed" model=/m/{ATTACK} error="{ATTACK}"
{ATTACK}
"""
