//go:build tools

// Package tools pins wasmd: nothing here is compiled, it only gives `go mod tidy` a reason to keep the requirement.
package tools

import _ "github.com/CosmWasm/wasmd/cmd/wasmd"
