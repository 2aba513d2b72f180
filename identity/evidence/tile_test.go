package evidence

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"
)

// A client that has nothing but the tiles computes the same root, and every
// entry is where its hash says.
func TestTiles(t *testing.T) {
	for _, size := range []int{1, 255, 256, 257, 70_000} {
		if testing.Short() && size > 1000 {
			continue
		}
		l := newLog(t)
		extend(t, l, 0, size)
		c := publish(t, l)
		extend(t, l, size, size+10) // not published
		l.tree.cache = map[tileID]*expanded{}

		for n := 0; n*tileWidth < size; n++ {
			width := min(tileWidth, size-n*tileWidth)
			hashes, err := l.Tile(tilePath("0", n, width))
			require.NoError(t, err)
			require.Len(t, hashes, 32*width)
			bundle, err := l.Tile(tilePath("entries", n, width))
			require.NoError(t, err)
			require.Len(t, bundle, 34*width)
			for i := range width {
				entry := bundle[34*i+2:][:32]
				require.Equal(t, []byte{0, 32}, bundle[34*i:][:2])
				require.Equal(t, salt(n*tileWidth+i).Commit(record(n*tileWidth+i)), Commitment(entry))
				require.Equal(t, tlog.RecordHash(entry), tlog.Hash(hashes[32*i:]))
			}
		}
		// The tiles of tlog have another path and the same bytes.
		root, err := tlog.TreeHash(int64(size), tlog.TileHashReader(tlog.Tree{N: int64(size), Hash: c.Root}, clientTiles{t, l}))
		require.NoError(t, err)
		require.EqualValues(t, c.Root, root)

		for _, path := range []string{
			tilePath("0", size/tileWidth, size%tileWidth+1), tilePath("entries", size/tileWidth, size%tileWidth+1),
			tilePath("0", size/tileWidth+1, 256), tilePath("7", 0, 1), tilePath("5", 0, 256),
			"tile/0/0", "tile/0/x072/x057/x594/x037/x927/936.p/1", // 2^56, of 2^8 each
		} {
			_, err := l.Tile(path)
			require.ErrorIs(t, err, ErrNotFound, path)
		}
	}
}

func tilePath(level string, n, width int) string {
	path := fmt.Sprintf("tile/%s/%03d", level, n)
	if n >= 1000 {
		path = fmt.Sprintf("tile/%s/x%03d/%03d", level, n/1000, n%1000)
	}
	if width < tileWidth {
		path += fmt.Sprintf(".p/%d", width)
	}
	return path
}

type clientTiles struct {
	t *testing.T
	l *Log
}

func (clientTiles) Height() int                     { return tileHeight }
func (clientTiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (c clientTiles) ReadTiles(tiles []tlog.Tile) (data [][]byte, err error) {
	for _, tile := range tiles {
		b, err := c.l.Tile(tilePath(fmt.Sprint(tile.L), int(tile.N), tile.W))
		require.NoError(c.t, err)
		data = append(data, b)
	}
	return data, nil
}

func TestTilePath(t *testing.T) {
	for path, want := range map[string][3]int64{
		"tile/0/000":                         {0, 0, 256},
		"tile/3/x001/x234/067":               {3, 1234067, 256},
		"tile/entries/999.p/255":             {-1, 999, 255},
		"tile/1/x001/000.p/1":                {1, 1000, 1},
		"tile/7/x999/x999/x999/999":          {7, 999999999999, 256},
		"tile/entries/x123/x456/789":         {-1, 123456789, 256},
		"tile/0/x001/x000/x000/x000/000.p/9": {0, 1000000000000, 9},
	} {
		level, n, width, ok := parseTilePath(path)
		require.True(t, ok, path)
		require.Equal(t, want, [3]int64{int64(level), n, int64(width)})
	}
	for _, path := range []string{
		"", "tile", "tile/0", "tile/0/", "tile/0/0", "tile/00/000", "tile/8/000", "tile/64/000", "tile/-1/000", "tile/+1/000",
		"tile/0/0000", "tile/0/x000/000", "tile/0/x001/x002", "tile/0/001/002", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01",
		"tile/0/000.p", "tile/0/000.p/", "tile/data/000", "tile/0/../000", "tile/0/000/../../entries", "tile/0/00a", "tile/0/.p/1", "/tile/0/000",
		"tile/0/x999/x999/x999/x999/x999/x999/x999/999", "tile/0/x999/x999/x999/x999/x999/999", "tile/0/000.p/1/2", "../checkpoints", "tile/0/٠٠٠",
	} {
		_, _, _, ok := parseTilePath(path)
		require.False(t, ok, path)
	}
}

const merkleVectors = "../../../shared/vectors/transparency-dev-merkle"

func vectors(t *testing.T, kind string, each func(name string, data []byte)) {
	if _, err := os.Stat(merkleVectors); err != nil {
		t.Skip("the vectors of transparency-dev/merkle are not here")
	}
	n := 0
	require.NoError(t, filepath.WalkDir(filepath.Join(merkleVectors, kind), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil {
			each(path, data)
			n++
		}
		return err
	}))
	require.NotZero(t, n)
}

type vector64 []byte

func (v *vector64) UnmarshalJSON(b []byte) error {
	var s *string
	if err := json.Unmarshal(b, &s); err != nil || s == nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(*s)
	*v = raw
	return err
}

// hashes32 gives the proof in this package's type, or reports that it has no
// such form, which counts as refused.
func hashes32(proof []vector64) (hashes [][32]byte, ok bool) {
	for _, h := range proof {
		if len(h) != 32 {
			return nil, false
		}
		hashes = append(hashes, [32]byte(h))
	}
	return hashes, true
}

func TestConsistencyVectors(t *testing.T) {
	vectors(t, "consistency", func(name string, data []byte) {
		var v struct {
			Size1, Size2 uint64
			Root1, Root2 vector64
			Proof        []vector64
			WantErr      bool
		}
		require.NoError(t, json.Unmarshal(data, &v), name)
		proof, ok := hashes32(v.Proof)
		if ok {
			// A root of fewer bytes, which some vectors have, equals no right one.
			earlier, later := Checkpoint{Size: int64(v.Size1)}, Checkpoint{Size: int64(v.Size2)}
			copy(earlier.Root[:], v.Root1)
			copy(later.Root[:], v.Root2)
			ok = len(v.Root1) <= 32 && len(v.Root2) <= 32 && CheckConsistency(earlier, later, proof) == nil
		}
		require.Equal(t, !v.WantErr, ok, name)
	})
}

func TestInclusionVectors(t *testing.T) {
	vectors(t, "inclusion", func(name string, data []byte) {
		var v struct {
			LeafIdx, TreeSize uint64
			Root, LeafHash    vector64
			Proof             []vector64
			WantErr           bool
		}
		require.NoError(t, json.Unmarshal(data, &v), name)
		hashes, ok := hashes32(append([]vector64{v.Root, v.LeafHash}, v.Proof...))
		if ok {
			var proof tlog.RecordProof
			for _, h := range hashes[2:] {
				proof = append(proof, h)
			}
			ok = tlog.CheckRecord(proof, int64(v.TreeSize), hashes[0], int64(v.LeafIdx), hashes[1]) == nil
		}
		require.Equal(t, !v.WantErr, ok, name)
	})
}
