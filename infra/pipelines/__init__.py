"""What both systems of pipelines do beyond `make`: pack, drain, and look at what was deployed."""
