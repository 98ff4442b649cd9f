package foreign

import (
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/mcpload/mcpload/promise"
)

// toolhive reads what an MCPServer's rateLimiting says: buckets for everybody and for each
// user, of the server and of single tools. A call has to fit all that are about it, and
// other requests are free. It reports if there was any of that.
func (in *Import) toolhive(n *yaml.Node) bool {
	limits := get(n, "rateLimiting")
	if limits == nil || get(limits, "global") == nil && get(limits, "shared") == nil && get(limits, "perUser") == nil &&
		get(limits, "tools") == nil {
		return false
	}
	in.place(limits.Line)
	in.toolhiveBuckets(limits, "rateLimiting", nil)
	if tools := get(limits, "tools"); tools != nil {
		for _, t := range tools.Content {
			name := text(t, "name")
			if name == "" {
				in.note(t.Line, "rateLimiting.tools: a limit of a tool without a name")
				continue
			}
			in.toolhiveBuckets(t, "rateLimiting of "+name, []string{name})
		}
	}
	return true
}

func (in *Import) toolhiveBuckets(n *yaml.Node, source string, tools []string) {
	all := get(n, "global")
	if shared := get(n, "shared"); all == nil {
		all = shared
	} else if shared != nil {
		in.note(shared.Line, "%s: shared isn't looked at where there is a global", source)
	}
	in.toolhiveBucket(all, source+", global", nil, tools)
	if each := get(n, "perUser"); each != nil {
		in.note(each.Line, "%s: perUser counts who is authenticated; who isn't has no such limit", source)
		in.toolhiveBucket(each, source+", perUser", promise.Key{promise.Credential}, tools)
	}
}

func (in *Import) toolhiveBucket(b *yaml.Node, source string, key promise.Key, tools []string) {
	if b == nil {
		return
	}
	n, ok := in.whole(b, "maxTokens")
	period, err := time.ParseDuration(text(b, "refillPeriod"))
	switch {
	case !ok:
		in.note(b.Line, "%s: maxTokens isn't known", source)
	case err != nil || period <= 0:
		in.note(b.Line, "%s: refillPeriod %q is not a time such as 1m0s", source, text(b, "refillPeriod"))
	default:
		in.law(b.Line, source, promise.Law{Kind: promise.Bucket, N: n, Rate: float64(n) / period.Seconds(), Key: key,
			Charge: promise.Charge{Methods: []string{"tools/call"}, Tools: tools}})
	}
}

// agentgateway reads the buckets of localRateLimit, which fill in steps. It reports if
// there was any of that, or something that says that the limits stand elsewhere.
func (in *Import) agentgateway(n *yaml.Node) bool {
	for _, name := range []string{"remoteRateLimit", "mcpRemoteRateLimit"} {
		if r := get(n, name); r != nil {
			in.note(r.Line, "%s: its limits stand in the configuration of the rate limit service", name)
		}
	}
	list := get(n, "localRateLimit")
	if list == nil {
		return false
	}
	if list.Kind != yaml.SequenceNode || len(list.Content) == 0 {
		list = &yaml.Node{Content: []*yaml.Node{list}}
	}
	in.place(list.Content[0].Line)
	for _, b := range list.Content {
		in.gatewayBucket(b)
	}
	return true
}

func (in *Import) gatewayBucket(b *yaml.Node) {
	const source = "localRateLimit"
	if kind := text(b, "type"); kind == "tokens" {
		in.note(b.Line, "%s: counts the tokens of language models, which aren't requests", source)
		return
	}
	if get(b, "maxTokens") == nil {
		in.note(b.Line, "%s: no maxTokens, tokensPerFill and fillInterval: this form isn't known", source)
		return
	}
	most, ok := in.whole(b, "maxTokens")
	step, known := in.whole(b, "tokensPerFill")
	every, problem := span(get(b, "fillInterval"))
	switch {
	case problem != "":
		in.note(b.Line, "%s: %s", source, strings.Replace(problem, "fill_interval", "fillInterval", 1))
	case !ok || !known:
		in.note(b.Line, "%s: maxTokens and tokensPerFill have to be above 0", source)
	default:
		in.note(b.Line, "%s: each replica of the gateway counts for itself", source)
		in.law(b.Line, source, promise.Law{Kind: promise.Bucket, N: most, Rate: float64(step) / every.Seconds(),
			Step: step, Every: every, Key: in.gatewayKey(b)})
	}
}

// gatewayKey is who shares a bucket by the expression that says it.
func (in *Import) gatewayKey(b *yaml.Node) promise.Key {
	k := get(b, "key")
	if k == nil {
		return nil
	}
	for says, key := range map[string]promise.Key{"jwt.sub": {promise.Credential}, "apiKey.key": {promise.Credential},
		"source.address": {promise.Address}, "mcp.tool.name": {promise.Tool}, "mcp.sessionId": {promise.Session}} {
		if k.Value == says {
			return key
		}
	}
	in.note(k.Line, "localRateLimit: who shares a bucket is %q: taken as one a credential", k.Value)
	return promise.Key{promise.Credential}
}
