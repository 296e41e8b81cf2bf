"""The app: makes the DFApp and registers what `functions.index` lists, nothing else."""

from functions.registration import App, register_all

app = App()
register_all(app)
