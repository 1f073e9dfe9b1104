"""Room 8: a report in, text out. One module a format; no facts are computed here."""
