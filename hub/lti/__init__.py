"""LTI 1.3 and LTI Advantage: the Hub as a tool that learning platforms launch and that reports grades to
them.
"""
