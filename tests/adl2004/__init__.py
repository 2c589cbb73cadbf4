"""ADL's SCORM 2004 4th Edition LMS cases, run against the Hub.

    python -m tests.adl2004 FOLDER [--browser] [--case NAME]

FOLDER holds `cases.json` and `manifests/`: what content does in each visit, what the run-time has to answer, what the
learner does then, and which activity has to come next.
"""
