package engine

// A Sorter is a [Party] that can put elements into another order. Where a protocol has no way of
// its own, a [Radix] does it over a [Shuffler].
type Sorter interface {
	Party
	// Shuffle returns the elements of all columns, which have the same length, in an order
	// that is the same for all of them, uniformly random, and unknown to every party.
	Shuffle(columns []Vec) ([]Vec, error)
	// Sort returns the elements of all columns in the order of keys, of which planes has the
	// bits, the lowest first, Words(n) words each, for columns of n elements. Where keys are
	// equal the order stays. Keys are natural numbers of at most 64 bits.
	Sort(n int, planes Vec, bits int, columns []Vec) ([]Vec, error)
}

// A Shuffler is a [Party] that can put elements into a random order, in rounds that do not
// depend on how many there are.
type Shuffler interface {
	Party
	// Shuffle returns columns of numbers, and columns of words of bits, with one number or
	// one word for each element, in an order that is the same for all of them, uniformly
	// random, and unknown to every party. All have the same length.
	Shuffle(numbers, words []Vec) ([]Vec, []Vec, error)
}
