package load

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"
)

// A Choice is a tool to load a server with, and why that one.
type Choice struct {
	Tool      string
	Arguments json.RawMessage // a JSON object; made up from the tool's schema
	Doubts    []string        // what the arguments are no more than a guess in
	Needs     bool            // the tool wants arguments
	Unasked   bool            // it may be called over and over without asking anybody
	Claims    string          // what its annotations say of it, for a person to decide by
}

// Choose returns the tool that is best to load a server with: the cheapest one
// by its looks, of those that are harmless by their own word if there are any.
// Unasked is set only for a tool that says that it is read-only and that it
// touches nothing beyond its server, and whose arguments are no guess: hints are
// claims, and a search may cost money. A tool that is annotated as destructive
// is never chosen, nor one whose name sounds like writing and that doesn't claim
// to be read-only, nor one that is forbidden.
func Choose(tools []ToolInfo, forbidden func(tool string) bool) (Choice, bool) {
	var best Choice
	found, least := false, 0
	for _, t := range tools {
		if t.Name == "" || !showable(t.Name) || forbidden(t.Name) || t.unsafe() != "" || !t.readOnly() &&
			t.soundsLike(writing) {
			continue
		}
		c := t.choice()
		if rank := t.rank(c); !found || rank < least {
			best, least, found = c, rank, true
		}
	}
	return best, found
}

// Described is the choice of one tool that somebody named, or false where there
// is no such tool.
func Described(tools []ToolInfo, name string) (Choice, bool) {
	at := slices.IndexFunc(tools, func(t ToolInfo) bool { return t.Name == name })
	if at < 0 {
		return Choice{}, false
	}
	return tools[at].choice(), true
}

func (t ToolInfo) choice() Choice {
	args, doubts := t.Example()
	c := Choice{Tool: t.Name, Arguments: args, Doubts: doubts, Needs: string(args) != "{}", Claims: t.claims()}
	c.Unasked = t.readOnly() && t.closed() && len(doubts) == 0
	return c
}

func (t ToolInfo) readOnly() bool { return t.Annotations.ReadOnly != nil && *t.Annotations.ReadOnly }

// closed reports if a tool says that it touches nothing beyond its server. Who
// says nothing is open: so the protocol has it.
func (t ToolInfo) closed() bool { return t.Annotations.OpenWorld != nil && !*t.Annotations.OpenWorld }

// claims says in words what a tool says of itself.
func (t ToolInfo) claims() string {
	a := t.Annotations
	switch {
	case t.readOnly() && t.closed():
		return "it says that it is read-only and touches nothing beyond its server"
	case t.readOnly() && a.OpenWorld != nil:
		return "it says that it is read-only, and that it reaches beyond its server"
	case t.readOnly():
		return "it says that it is read-only, and not that it touches nothing beyond its server"
	case a.Destructive != nil && *a.Destructive && !t.readOnly():
		return "it says that it is destructive"
	case a.ReadOnly != nil:
		return "it says that it writes"
	}
	return "it doesn't say if it is harmless"
}

// Words that a tool's name is made of. They are what is left to go by among
// tools that say the same of themselves, and never make one safe.
var (
	cheap   = []string{"ping", "echo", "health", "healthcheck", "version", "hello", "noop", "time", "now"}
	private = []string{"env", "environment", "secret", "secrets", "key", "keys", "token", "tokens", "password",
		"credential", "credentials"}
	costly = []string{"slow", "long", "wait", "sleep", "fail", "error", "search", "query", "fetch", "crawl",
		"generate", "complete", "sample"}
	writing = []string{
		"add", "append", "apply", "approve", "archive", "batch", "book", "buy", "cancel", "charge", "clean", "clear",
		"close", "commit", "copy",
		"create", "delete", "deploy", "disable", "drop", "edit", "email", "empty", "enable", "exec", "execute",
		"import", "init", "insert",
		"install", "invite", "invoke", "kill", "lock", "login", "logout", "mail", "merge", "modify", "move", "notify",
		"open", "order", "patch",
		"pay", "post", "publish", "push", "put", "refund", "register", "remove", "rename", "reply", "reset", "restart",
		"revoke", "run", "save",
		"schedule", "send", "set", "share", "shutdown", "sms", "start", "stop", "submit", "sync", "toggle", "transfer",
		"trigger", "tweet",
		"unlock", "update", "upload", "upsert", "wipe", "write",
	}
)

// rank is lower for better tools.
func (t ToolInfo) rank(c Choice) int {
	rank := 0
	for _, penalty := range []bool{ // the first weighs most
		!c.Unasked, !t.readOnly(), len(c.Doubts) > 0, t.soundsLike(private), t.soundsLike(costly), !t.soundsLike(cheap),
		c.Needs,
	} {
		rank *= 2
		if penalty {
			rank++
		}
	}
	return rank
}

// soundsLike reports if one of the words is in a tool's name.
func (t ToolInfo) soundsLike(words []string) bool {
	return slices.ContainsFunc(wordsOf(t.Name), func(w string) bool { return slices.Contains(words, w) })
}

// wordsOf are the words of a name, in lower case: sendMail, send_mail and
// mail.send all have two.
func wordsOf(name string) []string {
	var b strings.Builder
	last := ' '
	for _, r := range name {
		if unicode.IsUpper(r) && unicode.IsLower(last) {
			b.WriteByte(' ')
		}
		last = r
		if !unicode.IsLetter(r) {
			r = ' '
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.Fields(b.String())
}

// showable reports if a name can stand on a screen and in a command line.
func showable(name string) bool {
	return len(name) <= 128 && strings.IndexFunc(name, func(r rune) bool {
		return !unicode.IsPrint(r) || r == unicode.ReplacementChar
	}) < 0
}
