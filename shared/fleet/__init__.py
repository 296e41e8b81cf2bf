"""The declarative fleet: schema, matrix expansion, and a loader whose errors name file and line.

`loader` reads a file, `fleet` answers what the app asks of it. Nothing is imported here: `periods` and `schedule` are
needed at a cold start, and the rest is not.
"""
