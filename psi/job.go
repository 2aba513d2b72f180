package psi

import (
	"errors"
	"fmt"
	"slices"

	"github.com/dujiang-dev/dujiang/internal/kernel/hugepage"
	"github.com/dujiang-dev/dujiang/internal/session"
)

// A job is a party's side of a run behind the hello: all parts of it, one after
// the other. The receiver compares tags only after the last, since how long that
// takes tells how many are equal, and the sender would see when the next part
// begins.
type job struct {
	*params
	s          *session.Session
	coins      *coins
	protocol   Protocol
	set        *Set
	parts      int
	own, peers int    // items of a part at either side
	most       int    // items of the side that has more
	bounds     []int  // of the parts' records in the set
	now        int    // the part under way
	matched    bitmap // of the items of the set
	room       hugepage.Room
}

func (p *params) newJob(s *session.Session, role session.Role, set *Set, own, peers int, coins *coins) (*job, error) {
	j := &job{params: p, s: s, coins: coins, set: set, protocol: p.choice.choose(p.adversary, own, peers), most: max(own, peers)}
	var err error
	if role == session.RoleA {
		j.parts, j.own, j.peers, err = p.split(j.protocol, own, peers)
	} else {
		j.parts, j.peers, j.own, err = p.split(j.protocol, peers, own)
	}
	if err != nil {
		return nil, err
	}
	if j.bounds, err = set.bounds(j.parts); err != nil {
		return nil, err
	}
	for i := range j.parts {
		if n := j.bounds[i+1] - j.bounds[i]; n > j.own {
			return nil, fmt.Errorf("%d items fall into part %d of %d, where there is room for %d; that happens by chance "+
				"with probability 2^-42, or if someone picked items for it: change Config.Memory", n, i+1, j.parts, j.own)
		}
	}
	j.matched = newBitmap(set.items)
	return j, nil
}

// observe passes progress on.
func (j *job) observe(at session.Progress) {
	j.progress(Progress{Phase: at.Phase, Done: int64(at.Done), Total: int64(at.Total), Part: j.now + 1, Parts: j.parts})
}

// exchange returns part i, without the records.
func (j *job) exchange(i int) (*exchange, tagger) {
	j.now = i
	j.room.Reset()
	x := &exchange{
		params: j.params, s: j.s, coins: j.coins, own: j.own, peers: j.peers, parts: j.parts, most: j.most, room: &j.room,
	}
	if j.parts > 1 {
		x.params, x.coins = j.params.part(i, j.parts), j.coins.part(i)
	}
	if j.protocol == DH {
		return x, newDH(x)
	}
	return x, newVOLE(x)
}

// begin is exchange with the records.
func (j *job) begin(i int) (*exchange, tagger, error) {
	x, t := j.exchange(i)
	records, err := j.set.load(j.bounds[i], j.bounds[i+1])
	x.items = padded(records, j.own, x.coins.pad)
	return x, t, err
}

// errPadding says that the other side claims to have one of this side's random
// digests.
var errPadding = errors.New("it claims to have an item that nobody has")

// add takes which items of part i matched.
func (j *job) add(i int, matched bitmap) error {
	first, n := j.bounds[i], j.bounds[i+1]-j.bounds[i]
	for k := range j.own {
		switch {
		case !matched.get(k):
		case k >= n:
			return fmt.Errorf("%w: %w", ErrPeer, errPadding)
		default:
			j.matched.set(first + k)
		}
	}
	return nil
}

// receive runs the receiver's side and returns the rows that matched.
func (j *job) receive() ([]int, error) {
	var store tagStore
	defer store.close()
	var x *exchange
	for i := range j.parts {
		var t tagger
		var err error
		if x, t, err = j.begin(i); err != nil {
			return nil, err
		}
		own, peers, err := t.receive()
		if err != nil {
			return nil, err
		}
		if err := j.keep(&store, tags{slices.Collect(slices.Chunk(own, tagChunk)), peers}); err != nil {
			return nil, err
		}
	}
	if err := j.s.RecvEnd(); err != nil {
		return nil, err
	}
	if j.reveal == RevealReceiver {
		// The time that matching takes tells how much there is, so the sender
		// does not wait for it.
		if err := j.s.SendEnd(); err != nil {
			return nil, err
		}
	}
	for i := range j.parts {
		if err := j.match(i, x, &store); err != nil {
			return nil, err
		}
	}
	rows, err := j.set.rowsOf(j.matched)
	if err != nil || j.reveal == RevealReceiver {
		return rows, err
	}
	return rows, j.s.SendEnd()
}

// keep stores the tags of a part. Afterwards the next may use the room.
func (j *job) keep(store *tagStore, t tags) error {
	switch {
	case j.parts == 1:
		store.keep(t)
		return nil
	case j.memory > 0:
		return store.write(j.tempDir, t)
	}
	return store.copied(t, j.s.Step)
}

// match compares the tags of part i, and tells the sender if it learns the result.
// What it needs of an exchange is the same in all parts.
func (j *job) match(i int, x *exchange, store *tagStore) error {
	j.now = i
	if j.parts > 1 {
		j.room.Reset()
	}
	t, err := store.part(i, j.own, j.peers)
	if err != nil {
		return err
	}
	ownMatched, peerMatched := newBitmap(j.own), newBitmap(j.peers)
	if err := x.match(t, ownMatched, peerMatched); err != nil {
		return err
	}
	if err := j.add(i, ownMatched); err != nil || j.reveal == RevealReceiver {
		return err
	}
	return chunks(j.peers, matchedChunk, func(lo, hi int) error {
		return j.s.Send(msgMatched, peerMatched[lo/8:(hi+7)/8])
	})
}

// send runs the sender's side and returns the rows that matched, if it learns
// them.
func (j *job) send() ([]int, error) {
	for i := range j.parts {
		_, t, err := j.begin(i)
		if err != nil {
			return nil, err
		}
		if err := t.send(); err != nil {
			return nil, err
		}
	}
	if err := j.s.SendEnd(); err != nil {
		return nil, err
	}
	j.s.Phase("match")
	if j.reveal != RevealBoth {
		return nil, j.s.RecvEnd()
	}
	for i := range j.parts {
		if err := j.recvMatched(i); err != nil {
			return nil, err
		}
	}
	rows, err := j.set.rowsOf(j.matched)
	if err != nil {
		return nil, err
	}
	return rows, j.s.RecvEnd()
}

// recvMatched receives which of the tags of part i matched.
func (j *job) recvMatched(i int) error {
	x, _ := j.exchange(i)
	order, err := x.order()
	if err != nil {
		return err
	}
	tags, matched := newBitmap(len(order)), newBitmap(len(order))
	err = chunks(len(order), matchedChunk, func(lo, hi int) error {
		return j.s.Recv(msgMatched, tags[lo/8:(hi+7)/8])
	})
	if err != nil {
		return err
	}
	if !tags.clean(len(order)) {
		return fmt.Errorf("%w: it says that more tags matched than there are", ErrPeer)
	}
	for k, item := range order {
		if tags.get(k) {
			matched.set(int(item))
		}
	}
	return j.add(i, matched)
}
