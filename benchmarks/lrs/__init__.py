"""The LRS under load, measured against what PostgreSQL itself can do in the same run. See docs/performance.md."""
