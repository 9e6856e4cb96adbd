"""Learning from corrections: which statements to label, and what coders said of them.

Runs on the base installation: nothing in this package imports torch.
"""
