"""Starting programs that an interrupt is to reach."""

import signal
import subprocess


def started(words, **options):
    """A program that hears interrupts: a test run in the background ignores them, and what it starts would, too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(words, **options)
    finally:
        signal.signal(signal.SIGINT, before)
