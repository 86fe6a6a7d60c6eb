#!/bin/sh
# Run once, by the image, when InfluxDB has been set up: the bucket of replays and simulations, kept without limit.
exec influx bucket create --name telemetry_replay --retention 0
