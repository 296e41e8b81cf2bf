"""What conditioning costs: ours, a chunked pandas program, and polars from blob to blob."""
