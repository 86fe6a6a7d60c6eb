"""The main job: a city's event, from sensor to alarm, on one machine. Everything is wired here, in one place."""
