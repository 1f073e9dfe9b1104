"""What refuses an input says so in English once the knowledge, which has the texts, is there."""

from explain_log.knowledge import load

load().table("messages")  # now, since some tests put another `open` in place
