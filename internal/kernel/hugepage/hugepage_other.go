//go:build !linux || purego

package hugepage

import "github.com/dujiang-dev/dujiang/internal/kernel/aes128"

func advise[T any]([]T) {}

func words(b []aes128.Block) []uint64 { return make([]uint64, len(b)*(aes128.Size/8)) }
