package dsp

import "errors"

// ContractRequest is what a consumer asks for, first or as a counter-offer.
type ContractRequest struct {
	Context         []string `json:"@context"`
	Type            string   `json:"@type"`                 // ContractRequestMessage
	ProviderPID     string   `json:"providerPid,omitempty"` // of a negotiation under way
	ConsumerPID     string   `json:"consumerPid"`
	Offer           Policy   `json:"offer"`
	CallbackAddress string   `json:"callbackAddress,omitempty"` // of a new negotiation
}

func (m *ContractRequest) check() error {
	if err := head(m.Context, m.Type, "ContractRequestMessage"); err != nil {
		return err
	}
	if (m.CallbackAddress == "") == (m.ProviderPID == "") {
		return malformed("a request has a callbackAddress if it is the first, and else a providerPid")
	}
	if err := m.Offer.checkOffer(true); err != nil {
		return err
	}
	return need("consumerPid", m.ConsumerPID)
}

// ContractOffer is what a provider offers, first or as a counter-offer.
type ContractOffer struct {
	Context         []string `json:"@context"`
	Type            string   `json:"@type"` // ContractOfferMessage
	ProviderPID     string   `json:"providerPid"`
	ConsumerPID     string   `json:"consumerPid,omitempty"` // of a negotiation under way
	Offer           Policy   `json:"offer"`
	CallbackAddress string   `json:"callbackAddress,omitempty"` // of a new negotiation
}

func (m *ContractOffer) check() error {
	if err := head(m.Context, m.Type, "ContractOfferMessage"); err != nil {
		return err
	}
	if (m.CallbackAddress == "") == (m.ConsumerPID == "") {
		return malformed("an offer has a callbackAddress if it is the first, and else a consumerPid")
	}
	if err := m.Offer.checkOffer(true); err != nil {
		return err
	}
	return need("providerPid", m.ProviderPID, "target of the offer", m.Offer.Target)
}

// ContractAgreement is the provider's agreement.
type ContractAgreement struct {
	Context     []string `json:"@context"`
	Type        string   `json:"@type"` // ContractAgreementMessage
	ProviderPID string   `json:"providerPid"`
	ConsumerPID string   `json:"consumerPid"`
	Agreement   Policy   `json:"agreement"`
}

func (m *ContractAgreement) check() error {
	if err := headAndPIDs(m.Context, m.Type, "ContractAgreementMessage", m.ProviderPID, m.ConsumerPID); err != nil {
		return err
	}
	return m.Agreement.checkAgreement()
}

// ContractAgreementVerification is the consumer's word that it verified the
// agreement.
type ContractAgreementVerification struct {
	Context     []string `json:"@context"`
	Type        string   `json:"@type"` // ContractAgreementVerificationMessage
	ProviderPID string   `json:"providerPid"`
	ConsumerPID string   `json:"consumerPid"`
}

func (m *ContractAgreementVerification) check() error {
	return headAndPIDs(m.Context, m.Type, "ContractAgreementVerificationMessage", m.ProviderPID, m.ConsumerPID)
}

// ContractEvent accepts an offer, or finalizes an agreement.
type ContractEvent struct {
	Context     []string `json:"@context"`
	Type        string   `json:"@type"` // ContractNegotiationEventMessage
	ProviderPID string   `json:"providerPid"`
	ConsumerPID string   `json:"consumerPid"`
	EventType   State    `json:"eventType"` // Accepted or Finalized
}

func (m *ContractEvent) check() error {
	if m.EventType != Accepted && m.EventType != Finalized {
		return malformed("eventType is not ACCEPTED or FINALIZED")
	}
	return headAndPIDs(m.Context, m.Type, "ContractNegotiationEventMessage", m.ProviderPID, m.ConsumerPID)
}

// ContractTermination ends a negotiation without a contract.
type ContractTermination struct {
	Context     []string `json:"@context"`
	Type        string   `json:"@type"` // ContractNegotiationTerminationMessage
	ProviderPID string   `json:"providerPid"`
	ConsumerPID string   `json:"consumerPid"`
	Code        string   `json:"code,omitempty"`
	Reason      []string `json:"reason,omitempty"`
}

func (m *ContractTermination) check() error {
	return reasoned(m.Reason, m.Context, m.Type, "ContractNegotiationTerminationMessage", m.ProviderPID, m.ConsumerPID)
}

// Negotiation is the state of a negotiation as the provider tells it.
type Negotiation struct {
	Context     []string `json:"@context"`
	Type        string   `json:"@type"` // ContractNegotiation
	ProviderPID string   `json:"providerPid"`
	ConsumerPID string   `json:"consumerPid"`
	State       State    `json:"state"`
}

func (m *Negotiation) check() error {
	switch m.State {
	case Requested, Offered, Accepted, Agreed, Verified, Finalized, Terminated:
		return headAndPIDs(m.Context, m.Type, "ContractNegotiation", m.ProviderPID, m.ConsumerPID)
	}
	return malformed("state is none of the protocol")
}

// NegotiationError refuses a message of a negotiation.
type NegotiationError struct {
	Context     []string `json:"@context"`
	Type        string   `json:"@type"` // ContractNegotiationError
	ProviderPID string   `json:"providerPid"`
	ConsumerPID string   `json:"consumerPid"`
	Code        string   `json:"code,omitempty"`
	Reason      []string `json:"reason,omitempty"`
}

func (m *NegotiationError) check() error {
	return reasoned(m.Reason, m.Context, m.Type, "ContractNegotiationError", m.ProviderPID, m.ConsumerPID)
}

func headAndPIDs(context []string, typ, want, provider, consumer string) error {
	if err := head(context, typ, want); err != nil {
		return err
	}
	return need("providerPid", provider, "consumerPid", consumer)
}

// reasoned is headAndPIDs for what may give reasons.
func reasoned(reason, context []string, typ, want, provider, consumer string) error {
	if hollow(reason) {
		return malformed("reason is empty; leave it out")
	}
	return headAndPIDs(context, typ, want, provider, consumer)
}

// State is where a negotiation stands. The empty state is before its first
// message.
type State string

// The states of the protocol.
const (
	Requested  State = "REQUESTED"
	Offered    State = "OFFERED"
	Accepted   State = "ACCEPTED"
	Agreed     State = "AGREED"
	Verified   State = "VERIFIED"
	Finalized  State = "FINALIZED"
	Terminated State = "TERMINATED"
)

// ErrState says that a message does not belong where the negotiation or transfer stands, or
// not to the side that sent it.
var ErrState = errors.New("dsp: this message may not be sent by this side in this state")

// Next returns the state after a message from one side [DSP 2025-1, Contract
// Negotiation Protocol, states and transitions]. What ended, ended.
func (s State) Next(m Message, fromProvider bool) (State, error) {
	type step struct {
		from         State
		fromProvider bool
	}
	at := step{s, fromProvider}
	switch m := m.(type) {
	case *ContractRequest:
		if at == (step{"", false}) || at == (step{Offered, false}) {
			return Requested, nil
		}
	case *ContractOffer:
		if at == (step{"", true}) || at == (step{Requested, true}) {
			return Offered, nil
		}
	case *ContractEvent:
		if m.EventType == Accepted && at == (step{Offered, false}) {
			return Accepted, nil
		}
		if m.EventType == Finalized && at == (step{Verified, true}) {
			return Finalized, nil
		}
	case *ContractAgreement:
		if at == (step{Requested, true}) || at == (step{Accepted, true}) {
			return Agreed, nil
		}
	case *ContractAgreementVerification:
		if at == (step{Agreed, false}) {
			return Verified, nil
		}
	case *ContractTermination:
		if s != "" && s != Finalized && s != Terminated {
			return Terminated, nil
		}
	}
	return s, ErrState
}
