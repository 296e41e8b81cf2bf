"""A small Azure Functions host for one machine: runs any Python v2 app over Microsoft's own worker library."""
