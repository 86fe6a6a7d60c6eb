"""Sparkplug B as Headworks speaks it: topics, births, data with aliases, and their reading back as columns.

Data payloads are written and read as NumPy columns; births, which carry names, with the generated protobuf code.
"""
