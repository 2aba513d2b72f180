//go:build !linux || purego

package hugepage

import "github.com/dujiang-dev/dujiang/internal/kernel/aes128"

func advise([]aes128.Block) {}
