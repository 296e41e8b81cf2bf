"""All that the functions call; knows nothing of azure.functions or azure.durable_functions."""
