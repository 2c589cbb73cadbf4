"""The run-time data models of SCORM 1.2 and SCORM 2004 4th Edition as tables, and the rules around them.

`types` are the data types, `scorm12` and `scorm2004` the tables, `model` the walker that judges what content sends,
`sessions` what content finds when it starts, `transfer` what its values mean for tracking.
"""
