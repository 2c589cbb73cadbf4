"""What Open edX's own platform would be around its LTI consumer: people, a course, a unit, a gradebook.

It runs in an environment of its own (`tools/test_programs.sh`), in which the Hub is not.
"""
