"""What may be deleted by policy, and what never is: pure decisions, each with its reason."""
