"""The app's orchestrations over the Azure ML SDK and the double of its service, in the engine's skipping time."""
