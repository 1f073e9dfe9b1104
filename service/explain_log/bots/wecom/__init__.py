"""WeCom's AI bot: the long connection of its official SDK, or callbacks with signature and encryption."""
