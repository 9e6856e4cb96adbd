"""Training, evaluation and export of the stance model.

Importing this package must stay cheap and must not need torch: the command line loads it
to register its commands, also where only the base installation is present.
"""
