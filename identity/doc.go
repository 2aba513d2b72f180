// Package identity has the identifiers under which organisations of different
// departments, levels and regions meet: the codes of China's national data
// infrastructure, the numbers that older registries gave, and the paths that
// people read.
//
// Most callers want [Parse], [Mint] and [Repair]:
//
//	6 91110000 600037341L 1101 1BH95JZY G
//	│ └───────┬─────────┘ └┬─┘ └──┬───┘ └ check (ISO/IEC 7064, MOD 37-2)
//	│      subject        area  serial
//	└ type: 1-3 function nodes, 4 service node, 5 connector, 6 product, 7 resource
//
// A [Code] never changes. What does change, department, resource and version,
// is a [Path] that a signed record of package directory ties to the code.
//
// # Editions
//
// Codes, subjects and check characters are those of NDI-TR-2025-04, trial issue
// of March 2025. The 47 characters of contract codes have a form there that is
// not complete: what the texts leave open is in a [Profile].
//
// # Security
//
// Every error in a single character of a code and every swap of two of its
// first 32 is found by the check character. It does not cover an extension, and
// finds accidents only: who may use a code is decided by signatures. In a
// [ContractCode] two characters that stand 36 places apart can be swapped
// unnoticed.
//
// Nothing accepted holds a path separator that leads upwards, a control
// character, or a quotation mark. Errors say place and remedy and repeat
// nothing of the input.
//
// # Leakage
//
// A code shows to whom it belongs and where it was registered. Persons appear
// as pseudonyms only ([NewPseudonym]); a resident identity number is refused
// wherever a subject is read.
//
// # References
//
//   - NDI-TR-2025-04, Technical requirements for unified directory
//     identification, trial issue, and its annex B
//   - GB 32100-2015, GB/T 17710-2008 (ISO/IEC 7064), GB/T 2260, GB/T 4754
//   - TC609-6-2025-14, B.2.2 and C.1: contract codes
//   - ISO 17442 (LEI), W3C Decentralized Identifiers 1.0, GB/T 26231 (OID),
//     ISO 26324 (DOI), RFC 3650 (Handle)
package identity
