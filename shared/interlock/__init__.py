"""The mind of a model: one pure decision function and the state that it reads and writes."""
