"""What the HTTP functions answer, where it is no contract of the app's own: shapes for readers and for tests.

Rooms write these answers by hand, from rows and blobs; the tests hold what they really answer against these shapes.
"""
