"""The parameters of the two usual environments, in the form that `az deployment sub create` takes as it is."""
