"""From bytes to records: where each record begins and ends, what is malformed, and the texts of the others."""
