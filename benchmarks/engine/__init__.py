"""What the embedded durable engine costs, beside the SDK's in-memory backend and beside DBOS on PostgreSQL."""

import os

# gRPC tells of every fork and every closed connection otherwise, and reads this when it is imported.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
