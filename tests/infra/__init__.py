"""What is deployed, held against the code."""
