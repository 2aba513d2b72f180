//go:build !amd64 || purego

package xmd

// kernel is empty where there is no kernel.
type kernel struct{}

func (*kernel) init(*Expander) {}

func (x *Expander) expand(out, msgs []byte, size int) { x.expandGeneric(out, msgs, size) }
