package policy

import (
	"slices"
	"strings"
)

// An Action is what is done, in the spelling of TC609-6-2025-14: "compute",
// "read", "deliver" and so on, or "expansionItem:" and a foreign name. [Actions]
// lists them.
type Action string

// An Operand is what a constraint looks at: "time", "count", "executionEnv" and
// so on, or "expansionItem:" and a foreign name. [Operands] lists them.
type Operand string

// An Operator compares: "eq", "lteq", "isAnyOf" and so on. [Operators] lists
// them.
type Operator string

// A Logic combines constraints: "and", "or", "xone" (exactly one) and
// "andSequence", which is decided like "and".
type Logic string

// PrivacyBudget is the expansion item for what may be spent of a
// differential-privacy budget, in millionths of epsilon.
const PrivacyBudget Operand = expansion + "privacyBudget"

const expansion = "expansionItem:"

// actions are in the order of TC609-6-2025-14, which has plicyTransmit; that
// spelling is what others read, so it stays.
var actions = []Action{
	"transform", "anonymize", "desensitize", "access", "read", "reproduce", "storage", "download", "process",
	"jointDevelop", "distribute", "compute", "grantUse", "plicyTransmit", "delivery", "sell", "logRecordSend",
	"delete", "alert", "compensate", "expansionItem",
}

// operands are in the order of TC609-6-2025-14, with its dateRecord.
var operands = []Operand{
	"time", "timeWindow", "region", "networkAddress", "physicalAddress", "count", "frequency", "dataSize",
	"dateRecord", "dataField", "valueExpression", "application", "algorithm", "machineLearningModels",
	"executionEnv", "encryptMode", "deliveryMethod", "payAmount", "expansionItem",
}

// operators are in the order of their NDI numbers 01 to 12.
var operators = []Operator{
	"eq", "gt", "gteq", "hasPart", "isA", "isAllOf", "isAnyOf", "isNoneOf", "isPartOf", "lt", "lteq", "neq",
}

var logics = []Logic{"and", "or", "xone", "andSequence"}

// Actions returns the 21 actions. The last, expansionItem, is written with a
// name behind a colon.
func Actions() []Action { return slices.Clone(actions) }

// Operands returns the 19 kinds of constraints. The last, expansionItem, is
// written with a name behind a colon.
func Operands() []Operand { return slices.Clone(operands) }

// Operators returns the 12 operators.
func Operators() []Operator { return slices.Clone(operators) }

func (a Action) valid() bool  { return known(a, actions) }
func (o Operand) valid() bool { return known(o, operands) }

// known reports whether a word is in the vocabulary. An expansion item needs a
// name, and a name that one of the two spellings has for something else would
// not come back from there.
func known[T ~string](word T, vocabulary []T) bool {
	name, expanded := strings.CutPrefix(string(word), expansion)
	if !expanded {
		return word != "expansionItem" && slices.Contains(vocabulary, word)
	}
	return clean(name) && fromDSP(name, vocabulary) == word
}

// set reports whether an operator takes a set of right operands.
func (o Operator) set() bool { return o == "isAllOf" || o == "isAnyOf" || o == "isNoneOf" }

// What ODRL 2.2 has a term for under another name. ODRL's count and payAmount,
// and its actions anonymize, delete, distribute, grantUse, read, reproduce, sell,
// transform and compensate are equal in both spellings.
var odrlTerms = map[string]string{"time": "dateTime", "region": "spatial"}

var sameInODRL = []string{
	"count", "payAmount",
	"anonymize", "compensate", "delete", "distribute", "grantUse", "read", "reproduce", "sell", "transform",
}

// ndiIRI precedes the words for which ODRL has no term.
const ndiIRI = "urn:ndi:tc609-6-2025-14:"

// toDSP returns a word as the Dataspace Protocol spells it.
func toDSP[T ~string](word T) string {
	if name, expanded := strings.CutPrefix(string(word), expansion); expanded {
		return name
	}
	if term, ok := odrlTerms[string(word)]; ok {
		return term
	}
	if slices.Contains(sameInODRL, string(word)) {
		return string(word)
	}
	return ndiIRI + string(word)
}

// fromDSP is the inverse of toDSP: it finds the word of the vocabulary, or makes
// an expansion item.
func fromDSP[T ~string](term string, vocabulary []T) T {
	for _, word := range vocabulary {
		if word != "expansionItem" && toDSP(word) == term {
			return word
		}
	}
	return T(expansion + term)
}
