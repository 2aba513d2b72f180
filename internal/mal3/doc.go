// Package mal3 computes like [rep3], and detects a party that deviates.
package mal3
