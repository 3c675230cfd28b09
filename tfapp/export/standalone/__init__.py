"""Encoding without TensorFlow: one program, which an export carries, from the modules here.

They import nothing of tfapp but each other, and no two of them give a name to different things.
"""
