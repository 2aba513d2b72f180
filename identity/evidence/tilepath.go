package evidence

import (
	"strconv"
	"strings"
)

// parseTilePath reads the path of a tile in its one canonical form [tlog-tiles,
// Merkle Tree, Partial Tiles]. The level of entries is -1.
func parseTilePath(path string) (level int, n int64, width int, ok bool) {
	parts := strings.Split(path, "/")
	if len(parts) < 3 || len(parts) > 10 || parts[0] != "tile" {
		return 0, 0, 0, false
	}
	if parts[1] == "entries" {
		level = -1
	} else if level, ok = number(parts[1]); !ok || level >= maxLevels {
		return 0, 0, 0, false
	}
	parts = parts[2:]
	width = tileWidth
	if len(parts) > 1 {
		if before, partial := strings.CutSuffix(parts[len(parts)-2], ".p"); partial {
			if width, ok = number(parts[len(parts)-1]); !ok || width < 1 || width >= tileWidth {
				return 0, 0, 0, false
			}
			parts = parts[:len(parts)-1]
			parts[len(parts)-1] = before
		}
	}
	for i, part := range parts {
		digits, more := strings.CutPrefix(part, "x")
		if more != (i < len(parts)-1) || len(digits) != 3 || strings.Trim(digits, "0123456789") != "" ||
			i == 0 && more && digits == "000" {
			return 0, 0, 0, false
		}
		d, _ := strconv.Atoi(digits)
		if n = n*1000 + int64(d); n > maxSize {
			return 0, 0, 0, false
		}
	}
	return level, n, width, true
}

// number reads a decimal without leading zeros of up to three digits.
func number(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 0 && len(s) <= 3 && strconv.Itoa(n) == s
}
