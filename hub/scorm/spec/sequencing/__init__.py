"""SCORM 2004 4th Edition sequencing and navigation: the pseudo-code of the SN book's appendix as pure functions.

`overall.process` takes the activity tree, its state and a navigation request, and returns the new state and what to
deliver. One module per behaviour: `overall` OP, `navigation_request` NB, `termination` TB, `rollup` RB, `selection`
SR, `flow`, `choice` and `sequencing_request` SB, `delivery` DB, `rules` and `utility` UP. `navigation` says what is
valid at the moment, `tracking` holds the tracking model with its shared global objectives, and `report` carries the
run-time data of content into it.
"""
