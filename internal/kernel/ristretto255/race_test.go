//go:build race

package ristretto255

func init() { raceEnabled = true }
