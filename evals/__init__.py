"""Measures how well Ollama models explain logs: `python -m evals --help`."""
