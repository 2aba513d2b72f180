package he

import "github.com/dujiang-dev/dujiang/internal/rlwe"

// What goes to the receiver of a sum: bodies only, unless it opens them itself,
// since key holders find masks by themselves.

func (p *Plan) sumSize(n int) int {
	if p.spec.Mode != ReceiverKey {
		return p.params.BodySumSize(n)
	}
	return p.params.SumSize(n)
}

func (p *Plan) appendSum(dst []byte, sum *rlwe.Sum) []byte {
	if p.spec.Mode != ReceiverKey {
		return sum.AppendBody(dst)
	}
	dst, _ = sum.AppendBinary(dst)
	return dst
}

func (p *Plan) parseSum(n int, b []byte) (*rlwe.Sum, error) {
	if p.spec.Mode != ReceiverKey {
		return p.params.ParseBody(n, b)
	}
	return p.params.ParseSum(n, b)
}
