"""Importers of recorded data and the player that feeds it through the processors."""
