"""What auto stands for in a recipe: by the kind of the data and its size, never by trying on test.

rules.py has one stated rule for each kind of data, fill_in.py puts it into a Config.
"""
