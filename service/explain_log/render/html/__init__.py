"""A report as a page: what it shows in one language (view), and the templates that show it (page)."""
