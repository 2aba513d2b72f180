module github.com/dujiang-dev/dujiang/bench/vault

go 1.26.0

require (
	github.com/dujiang-dev/dujiang v0.0.0
	github.com/hashicorp/vault v1.21.4
)

require (
	filippo.io/edwards25519 v1.2.0 // indirect
	github.com/gtank/ristretto255 v0.2.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/dujiang-dev/dujiang => ../..
