"""Feishu and Lark: REST and event callbacks, without the SDK, which is 100 MB and pins our HTTP library."""
