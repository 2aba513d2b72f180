package directory

import (
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dujiang-dev/dujiang/identity"
)

// A Query says which records to find: those to which all of its fields apply
// that are set.
type Query struct {
	// Text is words between spaces, each of which stands in the title, the
	// keywords, the summary or the path. A word has at least two letters or
	// digits; Chinese words need no spaces around them in the record. Case
	// makes no difference.
	Text string
	// Under is a path at or below which the record's path lies; Area is the
	// same for a whole region or sector, by the record's path.
	Under identity.Path
	Area  identity.Area
	// Subject is whom the code belongs to. With Right, it is who claims that
	// right instead.
	Subject identity.Subject
	Right   RightKind
	// Offset results are passed over, and at most Limit, 1 to 1000, returned,
	// those registered first coming first.
	Offset, Limit int
}

// maxQuery is the most bytes of a query's text.
const maxQuery = 1024

// index finds entries. Each list has entries in ascending order.
type index struct {
	grams    map[gram]*[]uint32  // by pointer: adding looks up once
	paths    map[string][]uint32 // the path and everything above it
	subjects map[claim][]uint32
}

// A gram is two neighbouring characters of a word, in lower case, in one
// integer, for which maps are faster than for two.
type gram uint64

// claim is a right that a subject claims; no right for the code's own subject.
type claim struct {
	right   RightKind
	subject identity.Subject
}

func newIndex() index {
	return index{make(map[gram]*[]uint32), make(map[string][]uint32), make(map[claim][]uint32)}
}

// put appends id to the list of a key, once.
func put[K comparable](m map[K][]uint32, key K, id uint32) {
	if l := m[key]; len(l) == 0 || l[len(l)-1] != id {
		m[key] = append(l, id)
	}
}

func (x *index) add(id uint32, r *Record) {
	x.addTexts(id, r)
	x.addPath(id, r.Path)
	x.addSubjects(id, r)
}

func (x *index) addTexts(id uint32, r *Record) {
	texts(r, func(s string) bool {
		grams(s, func(g gram) {
			l := x.grams[g]
			if l == nil {
				l = new([]uint32)
				x.grams[g] = l
			}
			if n := len(*l); n == 0 || (*l)[n-1] != id {
				*l = append(*l, id)
			}
		})
		return true
	})
}

func (x *index) addPath(id uint32, path identity.Path) {
	for p := path.String(); p != ""; {
		put(x.paths, p, id)
		p = p[:max(0, strings.LastIndexByte(p, '/'))]
	}
}

func (x *index) addSubjects(id uint32, r *Record) {
	put(x.subjects, claim{"", r.Code.Subject()}, id)
	for _, right := range r.Rights {
		put(x.subjects, claim{right.Kind, right.Subject}, id)
	}
}

// texts calls f with what a query's words are looked for in, until f returns
// false.
func texts(r *Record, f func(string) bool) {
	if !f(r.Title) || !f(r.Summary) || !f(r.Path.String()) {
		return
	}
	for _, k := range r.Keywords {
		if !f(k) {
			return
		}
	}
}

// grams calls f with every two neighbouring letters or digits of s.
func grams(s string, f func(gram)) {
	var before rune
	for _, r := range s {
		r = fold(r)
		if before != 0 && r != 0 {
			f(gram(before)<<32 | gram(r))
		}
		before = r
	}
}

// fold returns a letter or digit in lower case, and 0 for anything else.
func fold(r rune) rune {
	switch {
	case '一' <= r && r <= '鿿', '0' <= r && r <= '9', 'a' <= r && r <= 'z':
		return r
	case !unicode.In(r, unicode.L, unicode.Nd, unicode.Nl): // Nl has 〇
		return 0
	}
	return unicode.ToLower(r)
}

// hasCase reports whether a word in lower case can be spelt otherwise.
func hasCase(word string) bool {
	return strings.ContainsFunc(word, func(r rune) bool {
		return unicode.ToUpper(r) != r || unicode.ToTitle(r) != r || unicode.SimpleFold(r) != r
	})
}

// contains reports whether word, in lower case, is in one of the record's texts.
func contains(r *Record, word string) (found bool) {
	texts(r, func(s string) bool {
		found = strings.Contains(strings.Map(unicode.ToLower, s), word)
		return !found
	})
	return found
}

// words checks a query and returns the words of its text, in lower case.
func (q *Query) words() ([]string, error) {
	if q.Limit < 1 || q.Limit > 1000 || q.Offset < 0 {
		return nil, errors.New("directory: query: want a limit from 1 to 1000 and an offset from 0")
	}
	switch {
	case q.Right == "":
	case q.Right != Hold && q.Right != Process && q.Right != Operate:
		return nil, errors.New("directory: query: a right is hold, process or operate")
	case q.Subject.IsZero():
		return nil, errors.New("directory: query: a right needs a subject")
	}
	if len(q.Text) > maxQuery {
		return nil, errors.New("directory: query: want at most 1024 bytes of text")
	}
	words := strings.Fields(q.Text)
	for i, word := range words {
		if !plain(word, maxQuery) {
			return nil, errors.New("directory: query: want printable UTF-8, which records are of")
		}
		words[i] = strings.Map(unicode.ToLower, word)
		pairs := 0
		grams(words[i], func(gram) { pairs++ })
		if pairs == 0 {
			return nil, errors.New("directory: query: a word has at least two letters or digits in a row")
		}
	}
	return words, nil
}

// Search returns the records that q describes.
func (d *Directory) Search(q *Query) ([]Signed, error) {
	words, err := q.words()
	if err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	var lists [][]uint32
	var long []string // words that grams alone do not decide
	for _, word := range words {
		grams(word, func(g gram) {
			var list []uint32
			if l := d.index.grams[g]; l != nil {
				list = *l
			}
			lists = append(lists, list)
		})
		if utf8.RuneCountInString(word) > 2 {
			long = append(long, word)
		}
	}
	if !q.Under.IsZero() {
		lists = append(lists, d.index.paths[q.Under.String()])
	}
	if !q.Area.IsZero() {
		lists = append(lists, d.index.paths[q.Area.String()])
	}
	if !q.Subject.IsZero() {
		lists = append(lists, d.index.subjects[claim{q.Right, q.Subject}])
	}
	return d.collect(lists, long, q.Offset, q.Limit)
}

// collect returns the records that all lists have and that contain the words.
func (d *Directory) collect(lists [][]uint32, words []string, skip, limit int) (out []Signed, err error) {
	// The texts are in an entry as they are: a word without letters that have a case is in
	// none of them if it is not in the entry.
	exact := slices.DeleteFunc(slices.Clone(words), hasCase)
	take := func(id uint32) (more bool) {
		if d.entries[id].stale {
			return true
		}
		if len(words) == 0 && skip > 0 {
			skip--
			return true
		}
		for _, w := range exact {
			if !strings.Contains(d.entries[id].stored, w) {
				return true
			}
		}
		s, _, e := d.entries[id].decode()
		if e != nil {
			err = e
			return false
		}
		for _, w := range words {
			if !contains(&s.Record, w) {
				return true
			}
		}
		if skip > 0 {
			skip--
			return true
		}
		out = append(out, s)
		return len(out) < limit
	}
	if len(lists) == 0 {
		for id := range d.entries {
			if !take(uint32(id)) {
				break
			}
		}
		return out, err
	}
	slices.SortFunc(lists, func(a, b []uint32) int { return len(a) - len(b) })
candidates:
	for _, id := range lists[0] {
		for i, l := range lists[1:] {
			// What is behind id stays for the candidates that follow.
			l = l[gallop(l, id):]
			lists[i+1] = l
			if len(l) == 0 {
				return out, err
			}
			if l[0] != id {
				continue candidates
			}
		}
		if !take(id) {
			break
		}
	}
	return out, err
}

// gallop returns the index of the first element of l that is at least id, in
// time logarithmic in that index.
func gallop(l []uint32, id uint32) int {
	step := 1
	for step < len(l) && l[step] < id {
		step *= 2
	}
	low := step / 2
	n, _ := slices.BinarySearch(l[low:min(step+1, len(l))], id)
	return low + n
}
