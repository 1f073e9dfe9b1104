"""Slack, by slack-bolt: socket mode, or the Events API over HTTP with its signature."""
