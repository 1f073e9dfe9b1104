"""explain-log: explains the logs of `ollama serve` and llama.cpp, correctly, in Chinese and English."""

__version__ = "0.1.0"
