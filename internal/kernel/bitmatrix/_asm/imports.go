//go:build tools

package main

// The generator loads the package it writes for, so its go.sum must cover it.
import _ "github.com/dujiang-dev/dujiang/internal/kernel/bitmatrix"
