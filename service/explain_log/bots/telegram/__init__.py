"""Telegram, by the Bot API over HTTP: long polling, or a webhook with a secret token."""
