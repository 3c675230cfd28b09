"""The only wiring: from a Config to a finished run.

build.py makes what training and evaluation share, train.py what happens in a training run,
environment.py says what it ran on.
"""
