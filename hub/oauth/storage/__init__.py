"""Tables and queries of OAuth clients and tokens, and queries on users."""
