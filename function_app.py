"""The app: makes the DFApp and registers what `functions.index` lists, nothing else."""

import azure.durable_functions as df

from functions.registration import register_all

app = df.DFApp()
register_all(app)
