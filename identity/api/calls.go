package api

import (
	"context"
	"encoding/json"

	"github.com/dujiang-dev/dujiang/identity/internal/strictjson"
)

// A Call is one of the calls between connectors, function nodes and the global
// node, by the name that it has in NDI-TR-2025-03.
type Call string

// The calls that [Identities] answers. GetToken, the other one, opens a session
// and is this package's own.
const (
	GetPersonInfo           Call = "GetPersonInfo"
	GetEnterpriseInfo       Call = "GetEnterpriseInfo"
	GetOperatorInfo         Call = "GetOperatorInfo"
	GetPersonBaseInfo       Call = "GetPersonBaseInfo"
	GetEnterpriseBaseInfo   Call = "GetEnterpriseBaseInfo"
	GetOperatorBaseInfo     Call = "GetOperatorBaseInfo"
	GetOperatorStatus       Call = "GetOperatorStatus" // whether an agent (经办人) may act
	GetIdentityProviderList Call = "GetIdentityProviderList"
	SyncConnectorInfo       Call = "SyncConnectorInfo" // a connector was registered or changed
	SyncLogoffInfo          Call = "SyncLogoffInfo"    // one was deregistered
)

var calls = []Call{GetPersonInfo, GetEnterpriseInfo, GetOperatorInfo, GetPersonBaseInfo, GetEnterpriseBaseInfo, GetOperatorBaseInfo,
	GetOperatorStatus, GetIdentityProviderList, SyncConnectorInfo, SyncLogoffInfo}

// Identities answers the calls of NDI-TR-2025-03 about persons, enterprises,
// agents and connectors. Which fields their messages have depends on the edition
// and the node, so bodies and answers are passed on as they are: a body is one
// JSON object, without double names, of at most 64 KiB, and its sender is
// registered and authenticated. Who may ask what about whom is for the
// implementation to decide; a call that it does not serve is ErrNotFound.
type Identities interface {
	Call(ctx context.Context, sender string, call Call, body json.RawMessage) (answer any, err error)
}

func (s *server) callRoutes() (routes []route) {
	if s.cfg.Identities == nil {
		return nil
	}
	for _, c := range calls {
		routes = append(routes, route{"POST", "/identity/" + string(c), s.call(signers, func(ctx context.Context, sender string, body []byte) (any, error) {
			var object map[string]json.RawMessage
			if err := strictjson.Decode(body, &object, maxBody); err != nil || object == nil {
				return nil, faultForm
			}
			return s.cfg.Identities.Call(ctx, sender, c, body)
		})})
	}
	return routes
}
