package share

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// refresh runs an epoch among all holders, over the encoding of updates.
func refresh(t *testing.T, shares []*Share) (next []*Share) {
	inbox := make([][]*Update, len(shares))
	for _, s := range shares {
		updates, err := s.Refresh()
		require.NoError(t, err)
		require.Len(t, updates, len(shares))
		for i, u := range updates {
			require.Equal(t, s.Index(), u.From())
			require.Equal(t, i+1, u.To())
			inbox[i] = append(inbox[i], reparse(t, u))
		}
	}
	for i, s := range shares {
		slices.Reverse(inbox[i])
		n, err := s.Apply(inbox[i])
		require.NoError(t, err)
		next = append(next, n)
	}
	return next
}

func reparse(t *testing.T, u *Update) *Update {
	b, err := u.AppendBinary(nil)
	require.NoError(t, err)
	parsed, err := ParseUpdate(b)
	require.NoError(t, err)
	require.Equal(t, u, parsed)
	return parsed
}

func TestRefresh(t *testing.T) {
	each(t, func(t *testing.T, s Scheme) {
		secrets := s.Ring.numbers(newRand(), 7)
		shares, err := s.Split(secrets)
		require.NoError(t, err)
		before := shares
		for range 3 {
			shares = refresh(t, shares)
			require.Equal(t, shares[0].ID(), shares[1].ID())
			require.NotEqual(t, before[0].ID(), shares[0].ID())
			for i := range shares {
				for j := range shares[i].parts {
					require.NotEqual(t, before[i].parts[j], shares[i].parts[j])
				}
			}
			for _, set := range subsets(shares, s.Needed) {
				got, err := Combine(set)
				require.NoError(t, err)
				require.Equal(t, secrets, got)
			}
			// Shares of two epochs do not go together.
			_, err = Combine(append(slices.Clone(before[:1]), shares[1:]...))
			require.ErrorContains(t, err, "not of the same sharing")
			before = shares
		}
	})
}

// TestReshare goes from every scheme to every one over the same ring, and from
// several sets of holders.
func TestReshare(t *testing.T) {
	each(t, func(t *testing.T, s Scheme) {
		secrets := s.Ring.numbers(newRand(), 7)
		shares, err := s.Split(secrets)
		require.NoError(t, err)
		for i, to := range schemes {
			if to.Ring != s.Ring {
				_, err := shares[0].Reshare([]int{1, 2}, to)
				require.ErrorContains(t, err, "cannot be reshared")
				continue
			}
			sets := subsets(shares, s.Needed)
			holders := sets[i%len(sets)]
			var from []int
			for _, h := range holders {
				from = append(from, h.Index())
			}
			slices.Reverse(from)
			inbox := make([][]*Update, to.Parties)
			for _, h := range holders {
				updates, err := h.Reshare(from, to)
				require.NoError(t, err)
				for j, u := range updates {
					inbox[j] = append(inbox[j], reparse(t, u))
				}
			}
			var next []*Share
			for j := range inbox {
				n, err := Assemble(inbox[j])
				require.NoError(t, err)
				require.Equal(t, to, n.Scheme())
				require.Equal(t, j+1, n.Index())
				next = append(next, n)
			}
			for _, set := range subsets(next, to.Needed) {
				got, err := Combine(set)
				require.NoError(t, err)
				require.Equal(t, secrets, got)
			}
		}
	})
}

func TestUpdateErrors(t *testing.T) {
	s := Scheme{Kind: Shamir, Ring: F61, Quorum: Quorum{2, 3}}
	shares, err := s.Split([]uint64{1, 2})
	require.NoError(t, err)
	others, err := s.Split([]uint64{1, 2})
	require.NoError(t, err)
	for want, from := range map[string][]int{
		"instead of 2":                 {1, 2, 3},
		"1 parties":                    {1},
		"different and from":           {1, 1},
		"from 1 to 3":                  {1, 4},
		"must be different and from 1": {0, 1},
		"is not among":                 {2, 3},
	} {
		_, err := shares[0].Reshare(from, s)
		require.ErrorContains(t, err, want)
	}
	_, err = shares[0].Reshare([]int{1, 2}, Scheme{})
	require.Error(t, err)

	// All updates for party 1, and some that do not belong to them.
	var updates, foreign []*Update
	for i := range shares {
		u, err := shares[i].Refresh()
		require.NoError(t, err)
		updates = append(updates, u[0])
		u, err = others[i].Refresh()
		require.NoError(t, err)
		foreign = append(foreign, u[0])
	}
	second, err := shares[0].Refresh()
	require.NoError(t, err)
	reshared, err := shares[0].Reshare([]int{1, 2}, s)
	require.NoError(t, err)
	for want, set := range map[string][]*Update{
		"no updates":               nil,
		"is nil":                   {updates[0], nil, updates[2]},
		"is nil or empty":          {updates[0], {}},
		"one update of each of":    updates[:2],
		"each of the parties [1":   {updates[0], updates[1], updates[1]},
		"of the parties [1 2 3]":   append(slices.Clone(updates), updates[0]),
		"0 and 2 do not belong":    {updates[0], updates[1], foreign[2]},
		"0 and 1 do not belong":    {updates[0], second[1], updates[2]},
		"not for this share":       foreign,
		"use Assemble":             {updates[0], reshared[0], updates[1]},
		"1 is from Reshare; use":   {updates[0], reshared[0]},
		"position 0 is from Resha": reshared,
	} {
		_, err := shares[0].Apply(set)
		require.ErrorContains(t, err, want)
	}
	_, err = shares[1].Apply(updates)
	require.ErrorContains(t, err, "not for this share of party 2")
	_, err = Assemble(updates)
	require.ErrorContains(t, err, "use Apply")

	// A holder that sends different updates to different parties leaves them with
	// shares that do not fit, which Combine sees.
	one, err := shares[0].Apply(updates)
	require.NoError(t, err)
	var forTwo []*Update
	for i := range shares {
		u, err := shares[i].Refresh()
		require.NoError(t, err)
		forTwo = append(forTwo, u[1])
	}
	two, err := shares[1].Apply(forTwo)
	require.NoError(t, err)
	_, err = Combine([]*Share{one, two})
	require.ErrorContains(t, err, "not of the same sharing")
}
