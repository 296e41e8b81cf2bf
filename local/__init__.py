"""The local run: the only code that never goes to Azure."""
