package promise

// Terms are all that a server's calls are judged by: what it promises, and what stands
// beside that.
type Terms struct {
	Limit    Limit   // of nothing where the promise is no single bucket
	Promise  Promise // what stands in place of a limit; nil where only a limit is given
	Method   string  // of the calls that the server is loaded with; empty where that isn't known
	Statuses []int   // HTTP statuses that are refusals, beside those that always are
}

// Laws returns all that is promised: the promise, or the limit as a law.
func (t Terms) Laws() Promise {
	if len(t.Promise) > 0 {
		return t.Promise
	}
	if t.Limit.Rate == 0 {
		return nil
	}
	return Promise{t.Limit.Law()}
}

// Lawful reports if what is promised is what no Limit can say: several laws, or one of
// another kind than a bucket for everybody, a session or a credential.
func (t Terms) Lawful() bool {
	if len(t.Promise) == 0 {
		return false
	}
	_, plain := LimitOf(t.Promise)
	return !plain
}

// A RefusalShape is what a server promises of its refusals. What is zero isn't promised.
type RefusalShape struct {
	Status     int    // the HTTP status
	Code       int    // the JSON-RPC error code
	RetryAfter string // how a refusal says when to come back: "seconds", "date", "body" or "none"
	Headers    string // which headers it has, such as "ratelimit-draft-8", "x-ratelimit" or "none"
}
