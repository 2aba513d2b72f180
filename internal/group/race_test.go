//go:build race

package group

func init() { raceEnabled = true }
