"""The rules of xAPI as pure functions: values in, values out, no network, disk, clock or database.

References are to xAPI 1.0.3: "Data" is its part two, "Communication" its part three. Where IEEE 9274.1.1 (xAPI 2.0)
says something else, the place names it.
"""
