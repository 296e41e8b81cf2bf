"""Function apps that the tests run: each directory is an app of its own, loaded by a host in another process."""
