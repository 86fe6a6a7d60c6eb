"""The words everyone shares: time, quality, frames, records, the catalogue and the Processor contract."""
