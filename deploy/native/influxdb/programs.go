//go:build programs

// Package programs names what is built, so that go.mod and go.sum keep the modules of both programs.
package programs

import (
	_ "github.com/influxdata/influxdb/v2/cmd/influxd"
	_ "github.com/influxdata/pkg-config"
)
