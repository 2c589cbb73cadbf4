"""Packages as authors upload them: the zip, its manifest, and the one Course model that all of them become."""
