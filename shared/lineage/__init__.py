"""Where a model comes from: dataset manifests and the hash-chained ledger."""
