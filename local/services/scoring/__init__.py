"""The scoring service: managed online endpoints on this machine.

``python -m local.services.scoring`` serves versions of registered models by MLflow's scoring protocol, several behind
one endpoint with a traffic split, each in a process of its own: the code that a model brings along is cached by
module name, so two versions in one process could run each other's code.
"""
