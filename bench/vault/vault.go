// Package vault compares package share with the Shamir sharing of HashiCorp
// Vault, on the same secret in the same run. It is a module of its own, so that
// nothing else depends on Vault.
package vault
