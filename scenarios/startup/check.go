package startup

import "github.com/mcpload/mcpload/verdict"

// A Check is one question to every start of a server.
type Check struct {
	ID    string
	Doc   string                 // what must hold, in one sentence
	asked func(*Trial) bool      // if it is asked of such a server at all; nil: always
	judge func(*Trial, *Finding) // fills in the verdict and what was seen
	want  func(*Trial) string    // what it demands in numbers; nil: Doc
}

// A Finding is what a check is about to say.
type Finding = verdict.Finding

// Checks returns the catalogue, in the order in which a report lists it.
func Checks() []Check {
	return []Check{
		{ID: "starts", Doc: "with a good credential it starts and answers", judge: judgeStarts},
		{ID: "refuses", Doc: "with a bad credential it ends by itself before it answers any request of MCP",
			asked: (*Trial).asks, judge: judgeRefuses, want: wantRefuses},
		{ID: "exit-status", Doc: "it exits with 0 only after a clean stop, and with another status where it refuses " +
			"to start", judge: judgeExit},
		{ID: "names-variable", Doc: "a refusal names the environment variable at fault", asked: (*Trial).asks,
			judge: judgeVariable},
		{ID: "names-format", Doc: "a refusal says what the credential should look like", asked: (*Trial).asks,
			judge: judgeFormat},
		{ID: "no-traceback", Doc: "a refusal is a message, not a stack trace", asked: (*Trial).asks,
			judge: judgeTraceback},
		{ID: "clean-stdout", Doc: "nothing but messages of MCP comes on stdout",
			asked: func(t *Trial) bool { return t.Stdio }, judge: judgeStdout},
		{ID: "honest-readiness", Doc: "it doesn't claim to be ready before it is, nor that a bad credential is valid",
			judge: judgeReadiness},
		{ID: "no-leak-output", Doc: "no credential, whole or 8 characters of it, encoded or not, is in what it prints",
			asked: (*Trial).asks, judge: leakJudge(inOutput)},
		{ID: "no-leak-reply", Doc: "no credential, whole or 8 characters of it, encoded or not, is in what it answers",
			asked: (*Trial).asks, judge: leakJudge(inReplies)},
		{ID: "no-leak-log", Doc: "no credential, whole or 8 characters of it, encoded or not, is in its log files",
			asked: func(t *Trial) bool { return t.asks() && t.HasLogs }, judge: leakJudge(inLogs)},
		{ID: "no-leak-command-line", Doc: "no credential is on the command line of its process or of what that starts",
			asked: (*Trial).asks, judge: leakJudge(inCommands)},
	}
}

// Judge asks every check that fits the server, in the catalogue's order.
func Judge(t *Trial) []verdict.Finding {
	var list []verdict.Finding
	for _, c := range Checks() {
		if c.asked != nil && !c.asked(t) {
			continue
		}
		f := verdict.Finding{Check: c.ID, Want: c.Doc}
		if c.want != nil {
			f.Want = c.want(t)
		}
		c.judge(t, &f)
		list = append(list, f)
	}
	return list
}
