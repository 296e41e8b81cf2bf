"""The steps of `rollback_model`: the way back online, and the way back in batch, each in a room of its own."""
