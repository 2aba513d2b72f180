module github.com/dujiang-dev/dujiang

go 1.26.0

require golang.org/x/text v0.43.0

require (
	filippo.io/edwards25519 v1.2.0 // indirect
	github.com/gtank/ristretto255 v0.2.0 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)
