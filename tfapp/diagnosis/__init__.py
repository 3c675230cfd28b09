"""Diagnosis of a machine: facts that are probed, and findings that follow from them.

Probing (`host`, `libraries`, `tensorflow_report`, `gather`) fills a frozen `Facts`. The findings
are pure functions of it, so that tests can make up a broken machine. Nothing here needs TensorFlow
to be importable.
"""
