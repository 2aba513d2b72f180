package main

// A published figure is what others say of their own systems, or what another
// system was seen to do elsewhere. It is never measured in the run of a report.
type published struct {
	System   string
	Figure   string
	Hardware string
	Source   string
	URL      string
}

// publishedFigures are shown apart from what was measured: machines, networks and
// what is counted differ.
var publishedFigures = []published{
	{"RR22 (C++), PSI, semi-honest", "2²⁰ items: 0.37 s, 0.16 s with four threads; 187 bits an item. With the code Silver, which is not taken for secure any more",
		"Intel i7-9750H", "Raghuraman, Rindal, CCS 2022, abstract and section 6.2", "https://eprint.iacr.org/2022/320"},
	{"volepsi, the same with a code that stands", "2²⁰ items, one thread for both: 1.05 s semi-honest, 0.88 s malicious; 32.4 and 38.4 bytes an item",
		"AMD Zen 4, 2 cores, in memory", "commit ec76012, built and run by the authors of this benchmark", "https://github.com/Visa-Research/volepsi"},
	{"KKRT16 (C++), PSI, semi-honest", "2²⁰ items: 3.8 s",
		"a local network", "Kolesnikov, Kumaresan, Rosulek, Trieu, CCS 2016, abstract", "https://eprint.iacr.org/2016/799"},
	{"AFLNO16 (C++), three parties, semi-honest", "7·10⁹ and-gates a second",
		"three servers of 20 cores, 10 Gbit/s", "Araki, Furukawa, Lindell, Nof, Ohara, CCS 2016, abstract", "https://eprint.iacr.org/2016/768"},
	{"Trio and others (C++), three parties, semi-honest", "more than 10⁹ multiplications of 32 bits a second",
		"servers with 25 Gbit/s between them", "Harth-Kitzerow and others, PoPETs 2025, abstract", "https://arxiv.org/abs/2206.03776"},
	{"MP-SPDZ (C++), replicated ring of 64 bits, semi-honest", "41.5 M multiplications a second, 2.5 M comparisons a second, 512×512 matrix product in 0.40 s",
		"AMD Zen 4, 2 cores for all parties, TCP on loopback", "commit 3a0a7b1d, built and run by the authors of this benchmark", "https://github.com/data61/MP-SPDZ"},
}
