"""The steps of `release_model`, which `rollback_model` takes too: each way into production in a room of its own."""
