"""Standards Hub: an LTI 1.3 tool, an xAPI LRS and a package player over one PostgreSQL."""

__version__ = "0.1.0"
