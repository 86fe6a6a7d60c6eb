#!/bin/sh
# Run once, by the image, when InfluxDB has been set up: the other buckets, as `headworks influx apply` wants them.
set -e
influx bucket create --name telemetry_1m --retention 365d
influx bucket create --name telemetry_long --retention 0
# Replays and simulations, of any year: kept without limit.
influx bucket create --name telemetry_replay --retention 0
influx bucket create --name telemetry_replay_1m --retention 0
influx bucket create --name telemetry_replay_long --retention 0
