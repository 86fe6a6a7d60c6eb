"""Replay: real records of rivers and plants through the same processors as live data.

`importers` read a file into columns, `prepare` turns them into frames of a site, `player` makes the
site log of them, `scorecard` compares the alarms that came out with the surges that people wanted
to know of.
"""
