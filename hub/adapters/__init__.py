"""Adapters: each implements one port with one outside library."""
