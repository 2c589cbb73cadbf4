"""The rules of SCORM, cmi5 and their packages as pure functions."""
