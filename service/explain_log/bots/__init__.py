"""The door for people in a chat: a log pasted or attached there, a card and answers back.

Bots know the REST service and nothing of logs. `surface` is what a chat platform has to be able to do,
`conversation` what is said there, and each platform has a module or package of its own.
"""
