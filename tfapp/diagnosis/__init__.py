"""What the machine is, and what is wrong with it: facts that are probed, findings that follow.

Probing (`host`, `libraries`, `tensorflow_report`, `gather`) fills a frozen `Facts`. The findings
are pure functions of it, so that a broken machine can be thought up. Nothing here needs TensorFlow
to be importable.
"""
