package profiles

import "github.com/mcpload/mcpload/promise"

// What a promise is made of, by the names that profiles have for it.
type (
	Limit        = promise.Limit
	Scope        = promise.Scope
	Key          = promise.ClientKey
	RefusalShape = promise.RefusalShape
)

// The scopes and the keys.
const (
	Global        = promise.Global
	Client        = promise.Client
	SessionKey    = promise.SessionKey
	CredentialKey = promise.CredentialKey
)

// methods are the requests that the protocol has, in the revisions 2024-11-05
// to 2026-07-28: what a list of charges may name without a warning.
var methods = []string{
	"initialize", "ping", "server/discover", "logging/setLevel", "completion/complete",
	"tools/list", "tools/call", "prompts/list", "prompts/get",
	"resources/list", "resources/templates/list", "resources/read",
	"resources/subscribe", "resources/unsubscribe", "subscriptions/listen",
	"tasks/get", "tasks/list", "tasks/result", "tasks/update", "tasks/cancel",
}
