"""What the documentation says: its commands run, its links lead somewhere, its reference is current."""
