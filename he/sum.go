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

// newReceived returns a sum for what appendSum appends.
func (p *Plan) newReceived(n int) *rlwe.Sum {
	build := p.params.NewSum
	if p.spec.Mode != ReceiverKey {
		build = p.params.NewBodySum
	}
	sum, err := build(n)
	if err != nil {
		panic("he: internal error: " + err.Error())
	}
	return sum
}
