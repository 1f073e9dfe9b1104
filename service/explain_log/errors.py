"""The few errors that reach a user. Each carries one line that names the input and what to do."""


class ExplainLogError(Exception):
    """Base of all errors whose text is shown to the user as it is, without a traceback."""


class InputError(ExplainLogError):
    """What was given cannot be read or used: no such file, not text, a wrong option (exit status 2)."""


class KnowledgeError(ExplainLogError):
    """A file of knowledge/ breaks its format; names the file and the entry."""


class ModelUnavailable(ExplainLogError):
    """No usable answer from a model: not reachable, not there, too slow. The rules' text stands in."""


class ModelOutputError(ModelUnavailable):
    """The model answered, but not with anything that can be used (no JSON, cut off, empty)."""
