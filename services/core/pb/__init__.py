"""Code generated from proto/ (`make proto`); never edited by hand."""
