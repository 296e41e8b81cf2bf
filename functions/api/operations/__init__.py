"""What each HTTP function takes and answers, by its name in `functions.index`; a test keeps the two tables equal.

Summaries and descriptions are the docstrings of the functions, and of the rooms here, one for each heading; `table` is
all of them. What is told here is what those do not say in types.
"""
