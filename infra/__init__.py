"""What brings Signalbox to Azure, and the checks of it (`infra.checks`)."""
