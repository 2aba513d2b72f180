//go:build race

package xmd

func init() { raceEnabled = true }
