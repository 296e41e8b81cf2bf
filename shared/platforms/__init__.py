"""Where models are trained and served, behind one Protocol."""
