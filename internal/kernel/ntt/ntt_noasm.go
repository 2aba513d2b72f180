//go:build !amd64 || purego

package ntt

type kernelRing struct{}

func (*kernelRing) fill(*Ring) {}

func (r *Ring) doForward(dst, src []uint64)           { r.forwardGeneric(dst, src) }
func (r *Ring) doInverse(dst, src []uint64)           { r.inverseGeneric(dst, src) }
func (r *Ring) doMul(dst, x, y []uint64)              { r.mulGeneric(dst, x, y) }
func (r *Ring) doSubMul(dst, x, y []uint64, w Factor) { r.subMulGeneric(dst, x, y, w.factor) }

func (r *Ring) doMulAdd(dst, x, y, z []uint64) { r.mulAddGeneric(dst, x, y, z) }

func packKernel([]byte, []uint64) (done int) { return 0 }

func unpackKernel([]uint64, []byte, uint64) (done int, below bool) { return 0, true }
