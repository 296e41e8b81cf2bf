"""What every evidence pack of a ledger holds besides the ledger; copied as it is."""
