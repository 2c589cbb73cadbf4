"""Web pages for authors, administrators and readers of reports."""
