// Package rlwe adds up vectors of integers that nobody but the holders of a key
// can read, over rings of integers. It is the cryptography of package he, which
// decides who may ask for what; here nothing stops a caller from decrypting a
// single contribution.
package rlwe
