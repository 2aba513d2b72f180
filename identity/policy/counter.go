package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/dujiang-dev/dujiang/identity/internal/strictjson"
	"github.com/dujiang-dev/dujiang/internal/appendfile"
)

var (
	// ErrStale says that something was used since the state was read. Read it
	// again, and decide again.
	ErrStale = errors.New("policy: the counter has moved on")
	// ErrUsed says that this very use was counted before.
	ErrUsed = errors.New("policy: this use was counted before")
)

// maxKey is how long the key of a counter can be.
const maxKey = 256

// Counters keeps a State for every key, such as the code of a contract, in a
// file that survives a crash. Its methods may be called from several goroutines;
// the file is locked against other processes.
type Counters struct {
	mu     sync.Mutex
	file   *appendfile.File
	states map[string]State
	used   map[string]map[[32]byte]bool
}

type use struct {
	Key  string   `json:"key"`
	Use  [32]byte `json:"use"`
	Unix int64    `json:"unix"`
	Nano int64    `json:"nano"`
	Cost uint64   `json:"cost"`
}

// OpenCounters opens the file at path, or creates it.
func OpenCounters(path string) (*Counters, error) {
	c := &Counters{states: make(map[string]State), used: make(map[string]map[[32]byte]bool)}
	file, err := appendfile.Open(path, 4*maxKey+1024, func(record []byte) error {
		var u use
		if err := strictjson.Decode(record, &u, 4*maxKey+1024); err != nil {
			return fmt.Errorf("policy: a use in the file cannot be read: %w", err)
		}
		c.apply(&u)
		return nil
	})
	if err != nil {
		return nil, err
	}
	c.file = file
	return c, nil
}

// Close closes the file.
func (c *Counters) Close() error { return c.file.Close() }

// State returns what was used under key.
func (c *Counters) State(key string) State {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.states[key]
	s.Recent = slices.Clone(s.Recent)
	return s
}

// Use counts one use of key, and takes cost from the privacy budget, if the
// state still has the version that the decision was made from; otherwise it
// returns ErrStale. The id names the use, such as the hash of a start statement,
// and is counted once: a second time is ErrUsed. When Use returns nil, the use is
// on the disk. After any other error than these two it is unknown whether it is:
// close and open the counters again.
func (c *Counters) Use(key string, version uint64, id [32]byte, at time.Time, cost uint64) error {
	// What is not UTF-8 would be another key when the file is read.
	if key == "" || len(key) > maxKey || !utf8.ValidString(key) {
		return fmt.Errorf("policy: a counter's key has 1 to %d bytes of UTF-8", maxKey)
	}
	u := &use{key, id, at.Unix(), int64(at.Nanosecond()), cost}
	c.mu.Lock()
	defer c.mu.Unlock()
	state := c.states[key]
	switch {
	case c.used[key][id]:
		return ErrUsed
	case state.Version != version:
		return ErrStale
	case cost > maxCost || state.Spent > math.MaxUint64-cost:
		return errors.New("policy: the cost is beyond all budgets")
	}
	record, err := json.Marshal(u)
	if err != nil {
		return err
	}
	// The lock is held until the use is on the disk, so that nobody decides
	// from a state that a crash would take back.
	if err := c.file.Append(record); err != nil {
		return err
	}
	c.apply(u)
	return nil
}

const maxCost = 1<<53 - 1 // what JSON holds exactly

func (c *Counters) apply(u *use) {
	s := c.states[u.Key]
	s.Version++
	s.Uses++
	s.Spent += u.Cost
	at := time.Unix(u.Unix, u.Nano)
	i, _ := slices.BinarySearchFunc(s.Recent, at, time.Time.Compare)
	s.Recent = slices.Insert(s.Recent, i, at)
	if len(s.Recent) > maxRecent {
		s.Recent = s.Recent[1:]
	}
	c.states[u.Key] = s
	if c.used[u.Key] == nil {
		c.used[u.Key] = make(map[[32]byte]bool)
	}
	c.used[u.Key][u.Use] = true
}

// Request decides and, if the outcome is Allowed, counts the use, as often as
// others come between. The id is as for Use.
func (c *Counters) Request(p *Policy, key string, r *Request, id [32]byte) (Decision, error) {
	for {
		state := c.State(key)
		d := Decide(p, r, state)
		if d.Outcome != Allowed {
			return d, nil
		}
		err := c.Use(key, state.Version, id, r.Time, r.Cost)
		if !errors.Is(err, ErrStale) {
			return d, err
		}
	}
}
