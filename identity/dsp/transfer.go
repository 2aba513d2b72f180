package dsp

// TransferRequest asks for a dataset under an agreement.
type TransferRequest struct {
	Context         []string     `json:"@context"`
	Type            string       `json:"@type"` // TransferRequestMessage
	ConsumerPID     string       `json:"consumerPid"`
	AgreementID     string       `json:"agreementId"`
	Format          string       `json:"format"`                // of a distribution of the dataset
	DataAddress     *DataAddress `json:"dataAddress,omitempty"` // where the provider is to push it
	CallbackAddress string       `json:"callbackAddress"`
}

func (m *TransferRequest) check() error {
	if err := head(m.Context, m.Type, "TransferRequestMessage"); err != nil {
		return err
	}
	if err := m.DataAddress.check(); err != nil {
		return err
	}
	return need("consumerPid", m.ConsumerPID, "agreementId", m.AgreementID, "format", m.Format, "callbackAddress", m.CallbackAddress)
}

// TransferStart says that the data can be had or is on its way, or that it goes on
// after a suspension.
type TransferStart struct {
	Context     []string     `json:"@context"`
	Type        string       `json:"@type"` // TransferStartMessage
	ProviderPID string       `json:"providerPid"`
	ConsumerPID string       `json:"consumerPid"`
	DataAddress *DataAddress `json:"dataAddress,omitempty"` // where the consumer is to pull it
}

func (m *TransferStart) check() error {
	if err := m.DataAddress.check(); err != nil {
		return err
	}
	return headAndPIDs(m.Context, m.Type, "TransferStartMessage", m.ProviderPID, m.ConsumerPID)
}

// A DataAddress is an endpoint of a data plane. Its properties may hold tokens that
// let whoever has them at the data.
type DataAddress struct {
	Type               string             `json:"@type"` // DataAddress
	EndpointType       string             `json:"endpointType"`
	Endpoint           string             `json:"endpoint,omitempty"`
	EndpointProperties []EndpointProperty `json:"endpointProperties,omitempty"`
}

// An EndpointProperty is what the transport needs besides the endpoint.
type EndpointProperty struct {
	Type  string `json:"@type"` // EndpointProperty
	Name  string `json:"name"`
	Value string `json:"value"`
}

func (d *DataAddress) check() error {
	if d == nil {
		return nil
	}
	if d.Type != "DataAddress" {
		return malformed("@type is not DataAddress")
	}
	if hollow(d.EndpointProperties) {
		return malformed("endpointProperties is empty; leave it out")
	}
	for _, p := range d.EndpointProperties {
		if p.Type != "EndpointProperty" {
			return malformed("@type is not EndpointProperty")
		}
		if err := need("name of an endpoint property", p.Name, "its value", p.Value); err != nil {
			return err
		}
	}
	return need("endpointType", d.EndpointType)
}

// TransferSuspension interrupts a transfer.
type TransferSuspension struct {
	Context     []string `json:"@context"`
	Type        string   `json:"@type"` // TransferSuspensionMessage
	ProviderPID string   `json:"providerPid"`
	ConsumerPID string   `json:"consumerPid"`
	Code        string   `json:"code,omitempty"`
	Reason      []string `json:"reason,omitempty"`
}

func (m *TransferSuspension) check() error {
	return reasoned(m.Reason, m.Context, m.Type, "TransferSuspensionMessage", m.ProviderPID, m.ConsumerPID)
}

// TransferCompletion says that all data has been transferred.
type TransferCompletion struct {
	Context     []string `json:"@context"`
	Type        string   `json:"@type"` // TransferCompletionMessage
	ProviderPID string   `json:"providerPid"`
	ConsumerPID string   `json:"consumerPid"`
}

func (m *TransferCompletion) check() error {
	return headAndPIDs(m.Context, m.Type, "TransferCompletionMessage", m.ProviderPID, m.ConsumerPID)
}

// TransferTermination ends a transfer before its time.
type TransferTermination struct {
	Context     []string `json:"@context"`
	Type        string   `json:"@type"` // TransferTerminationMessage
	ProviderPID string   `json:"providerPid"`
	ConsumerPID string   `json:"consumerPid"`
	Code        string   `json:"code,omitempty"`
	Reason      []string `json:"reason,omitempty"`
}

func (m *TransferTermination) check() error {
	return reasoned(m.Reason, m.Context, m.Type, "TransferTerminationMessage", m.ProviderPID, m.ConsumerPID)
}

// TransferProcess is the state of a transfer as the provider tells it.
type TransferProcess struct {
	Context     []string      `json:"@context"`
	Type        string        `json:"@type"` // TransferProcess
	ProviderPID string        `json:"providerPid"`
	ConsumerPID string        `json:"consumerPid"`
	State       TransferState `json:"state"`
}

func (m *TransferProcess) check() error {
	switch m.State {
	case TransferRequested, TransferStarted, TransferSuspended, TransferCompleted, TransferTerminated:
		return headAndPIDs(m.Context, m.Type, "TransferProcess", m.ProviderPID, m.ConsumerPID)
	}
	return malformed("state is none of the protocol")
}

// TransferError refuses a message of a transfer.
type TransferError struct {
	Context     []string `json:"@context"`
	Type        string   `json:"@type"` // TransferError
	ProviderPID string   `json:"providerPid"`
	ConsumerPID string   `json:"consumerPid"`
	Code        string   `json:"code,omitempty"`
	Reason      []string `json:"reason,omitempty"`
}

func (m *TransferError) check() error {
	return reasoned(m.Reason, m.Context, m.Type, "TransferError", m.ProviderPID, m.ConsumerPID)
}

// TransferState is where a transfer stands. The empty state is before its first
// message.
type TransferState string

// The states of transfers.
const (
	TransferRequested  TransferState = "REQUESTED"
	TransferStarted    TransferState = "STARTED"
	TransferSuspended  TransferState = "SUSPENDED"
	TransferCompleted  TransferState = "COMPLETED"
	TransferTerminated TransferState = "TERMINATED"
)

// Next returns the state after a message from one side [DSP 2025-1, Transfer
// Process Protocol, state machine]. What ended, ended.
func (s TransferState) Next(m Message, fromProvider bool) (TransferState, error) {
	switch m.(type) {
	case *TransferRequest:
		if s == "" && !fromProvider {
			return TransferRequested, nil
		}
	case *TransferStart:
		if s == TransferRequested && fromProvider || s == TransferSuspended {
			return TransferStarted, nil
		}
	case *TransferSuspension:
		if s == TransferStarted {
			return TransferSuspended, nil
		}
	case *TransferCompletion:
		if s == TransferStarted {
			return TransferCompleted, nil
		}
	case *TransferTermination:
		if s == TransferRequested || s == TransferStarted || s == TransferSuspended {
			return TransferTerminated, nil
		}
	}
	return s, ErrState
}
