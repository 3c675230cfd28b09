"""Measures the ways of running a step and chooses one."""
