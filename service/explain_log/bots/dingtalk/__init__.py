"""DingTalk: the stream mode of `dingtalk-stream`, and the signed outgoing webhook of a group's robot."""
