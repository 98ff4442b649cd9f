package results

// loadHints has a row for every check that a general load makes, beside
// generator.
var loadHints = []hint{
	{
		check: "answers",
		failed: "read why calls got no result, below, and the server's own log from then on; --save-history keeps " +
			"every call",
		open: "see what the refusals say, below, and load at a lower --rate once the limit has room again; where " +
			"nothing was sent, at a higher one or for longer (--duration)",
	},
	{
		check: "duration",
		open: "what was seen stands, but a threshold is kept only by a whole run: let it end, or ask for a shorter " +
			"--duration",
	},
	{
		check: "echo",
		failed: "look for state that requests share: a variable of the module, a context that is kept, a map keyed " +
			"by something that two sessions have alike; --save-history names the calls",
		open: `name a tool that gives its arguments back, and put {{nonce}} where it does: --args '{"text":"{{nonce}}"}'`,
	},
	{
		check: "answered-once",
		failed: "look for an answer that is sent both by a handler and by what wraps it, or once for the stream and " +
			"once for its replay; mcpload call shows one exchange",
		open: "the calls that were answered twice are too few to hold against the server",
	},
	{
		check:  "sessions",
		failed: "see what the server said of the sessions that it didn't open",
		open: "ask for as many sessions as the server opens (--sessions), or raise its limit of them; --timeout " +
			"gives it longer to open one",
	},
	{
		check: "threshold",
		failed: "see over time, below, if it was so from the beginning or came with the load; --find capacity says " +
			"which rate the server sustains",
		open: "a quantile needs a sample: p99 at least 100 calls; raise --rate or --duration, or ask for a lower one",
	},
	{
		check:  "abort-on",
		failed: "see over time, below, when it began; --save-history keeps every call",
		open:   "raise --duration",
	},
	{
		check:  "capacity",
		failed: "begin lower with --rate, and see why calls got no result",
		open: "let the search come to its end; where the generator was the limit, run it on another machine than " +
			"the server, or give it more processors; a longer --duration a trial smooths what a run meets by chance",
	},
}
