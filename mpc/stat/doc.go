// Package stat computes statistics of secret numbers that the parties of package mpc hold in
// shares, and opens the results to named parties, unless they are of too few rows.
//
// Most callers want [Study.Describe] for a column, [Study.ByGroup] for counts and means by a
// key, and [Study.Linear] or [Study.Logistic] for a regression:
//
//	s, err := stat.New(e, &stat.Config{To: []int{0, 1, 2}, Minimum: 10})
//	groups, err := s.ByGroup(ctx, region, wage)
//
// All parties call the same methods in the same order, each on its own part. Parties that
// learn nothing get nil.
//
// # Security
//
// That of the engine. Methods that sort, which are ByGroup without noise and Quantiles, are fast
// with three semi-honest parties, and slow with others.
//
// # Leakage
//
// The number of rows is known to all parties. The parties in Config.To learn the results and
// what these are computed from: sums, and sums of squares and products. The fields of
// results and comments of methods name them; of a logistic regression, only coefficients are
// opened. ByGroup opens the keys of groups that are shown. Nothing is opened of vectors with
// fewer than Config.Minimum rows, and cells and groups with fewer are opened as zeros, so that
// they look like those without any.
//
// That alone does not make results anonymous. A cell that is hidden follows from the number of
// all rows when it is the only one, and results of tables that differ in one row say what is
// in that row.
//
// With [Config.Privacy] results are differentially private. Describe, Covariance, Histogram,
// Crosstab and ByGroup open sums and counts with noise of the discrete Laplace distribution
// [GRS12], of which they say the scale; Quantiles, TTest, Linear and Logistic are refused.
// What is protected is one row that is replaced by another. The parties draw that noise
// together: those that are corrupted, as many as the engine bears, see no more than the noisy
// results and the number of rows. Whether a row is there at all is hidden only if another one,
// which counts for nothing, can be in its place. Rows must be in their declared ranges, to
// which semi-honest parties keep. Config.Minimum is then one of noisy counts. Each call spends
// Privacy.Epsilon, and nobody counts calls here: whoever admits computations has to, by the
// counters of package identity/policy, for instance.
//
//	s, err := stat.New(e, &stat.Config{To: []int{0}, Minimum: 10, Privacy: &stat.Privacy{Epsilon: 0.5}})
//	counts, err := s.Histogram(ctx, age, 18, 40, 65) // the noise has a standard deviation of 5.6
//
// # Cost
//
// Sums are local. Describe takes a Dot, and Covariance and Linear one for each pair of
// columns, which cost a round each, and so does each result that is opened. Histogram costs a
// Less for each edge, and Crosstab an Equal for each value of both columns and a MatMul, where
// some 2^16 comparisons go together; ByGroup costs a Group, a Compact and a Select for each
// column, and with noise an Equal for each key of the range, and a MatMul and a Select for
// each column. Quantiles costs a Sort. The median is the quantile 0.5. Logistic takes 37 or 38
// rounds for each iteration, whatever the number of rows, and two for each column before the
// first.
//
// Noise costs a Compose of 59 bits, a Less and a Numbers for each binary digit of two
// variables, which are 14 digits for a count at an Epsilon of one: each variable has the
// binary logarithm of the scale, and six more. All digits of all results go together, up to
// 65,536 of them, so that rounds do not depend on the number of results up to then: 12 with
// three parties, and 93 with five, who take one for each of the 59 bits.
//
// # Precision
//
// Sums and products of integers are exact, and so are the quotients up to the last rounding to
// a float64. Those of fixed-point numbers are as exact if they have at most 53 bits, and
// rounded to these otherwise. P values are right to 10 digits. Sums that the engine's bits do
// not hold are refused: declare narrow ranges.
//
// Logistic rounds scaled columns to 2^-18, and probabilities to 2^-20, beside an error of the
// logistic function of 3e-6 from -8 to 8 and of 4e-4 beyond. Once it has converged, coefficients
// of scaled columns are within 0.001 of those of Newton's method, and probabilities within 0.0003,
// where tested: for semi-honest parties, 200 rows, and a ridge of 6. The less
// there is of the ridge the more small errors count, and with malicious parties, where Truncate
// rounds down always, they do not cancel out. With k columns and n rows, about
// s = √(1 + n(k+1)/(4·ridge)) iterations make the distance to the result e times smaller, so
// that 10·s are enough: 60 in that test, which does 80, and 650 for a ridge of n/1000 and 16 columns.
//
// # References
//
// Dwork, Kenthapadi, McSherry, Mironov, Naor: Our Data, Ourselves: Privacy via Distributed Noise
// Generation, EUROCRYPT 2006 [DKM+06]. Ghosh, Roughgarden, Sundararajan: Universally
// Utility-Maximizing Privacy Mechanisms, SIAM Journal on Computing 2012 [GRS12].
//
// Nesterov: Introductory Lectures on Convex Optimization, 2004, constant step scheme III
// (2.2.11) [Nes04]. Böhning: Multinomial logistic regression algorithm, Annals of the Institute of
// Statistical Mathematics 1992 [Boh92], for the bound of the curvature.
//
// Welch: The generalization of Student's problem when several different population variances are
// involved, Biometrika 1947. Incomplete beta and gamma functions are the continued fractions
// and series of NIST's Digital Library of Mathematical Functions, 8.17.22, 8.9.2 and 8.7.1.
package stat
