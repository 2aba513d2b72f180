//go:build !amd64 || purego

package gf128

func mul(a, b Elem) Elem { return mulGeneric(a, b) }

func mulConst(dst, src []Elem, c Elem)    { mulConstGeneric(dst, src, c) }
func mulConstAdd(dst, src []Elem, c Elem) { mulConstAddGeneric(dst, src, c) }
func mulVec(dst, a, b []Elem)             { mulVecGeneric(dst, a, b) }
func dot(acc *[3]Elem, a, b []Elem)       { dotGeneric(acc, a, b) }

func hasLift() bool { return false }

func liftKernel([]Elem, *[128][16]byte) {}
