"""Dates and times of day as people write them: their forms, and how a string is read.

forms.py holds the patterns and decides whether a column's day or month comes first; parse.py reads
strings in TensorFlow operations, the same on the host and in an exported model.
"""
