"""What a recipe does row by row: values are typed and checked, columns joined and derived, rows kept or left out."""
