//go:build programs

// Package programs names what is built, so that go.mod and go.sum keep its modules.
package programs

import _ "github.com/prometheus/alertmanager/cmd/alertmanager"
