//go:build purego

package hugepage

import "github.com/dujiang-dev/dujiang/internal/kernel/aes128"

func words(b []aes128.Block) []uint64 { return make([]uint64, len(b)*(aes128.Size/8)) }
