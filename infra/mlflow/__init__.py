"""The image of the MLflow server that Azure runs, where one is asked for."""
