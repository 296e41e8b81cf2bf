"""The job service: runs Azure ML pipeline YAML on this machine, in the words of Azure ML.

``python -m local.services.jobs`` is what Azure ML is in the cloud: it accepts pipeline jobs by name, runs their steps
in warm processes, tells of every change of status with Event Grid events, and outlives restarts of the host and of
itself.
"""
