package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/drive"
)

// settleCalls says how a command's jobs settle their calls. Only one job alone
// asks, and once: with several, an answer to one would hold up the others.
func (a *app) settleCalls(f *targetFlags, jobs []drive.Job, again *invocation) {
	s := target.Settling{Say: a.say, Yes: f.yes, Named: f.tool != "", Patient: again.has("timeout"), Again: again.calling, Drain: a.drain}
	if len(jobs) == 1 && isTerminal(a.stdin) && isTerminal(a.stderr) && os.Getenv("CI") == "" {
		answers := map[string]bool{}
		s.Ask = func(question string) bool {
			if _, asked := answers[question]; !asked {
				answers[question] = a.agrees(question)
			}
			return answers[question]
		}
	}
	for i := range jobs {
		jobs[i].ChooseOfMock()
		jobs[i].Settle = s
	}
}

// agrees asks a question that only yes agrees to. An interrupt is a no.
func (a *app) agrees(question string) bool {
	fmt.Fprintf(a.stderr, "mcpload: %s [y/N] ", question)
	answer := make(chan string, 1)
	answered := runner.Unless(a.drain, func() {
		var line []byte
		for b := make([]byte, 1); ; {
			n, err := a.stdin.Read(b)
			if err != nil || n == 1 && b[0] == '\n' {
				break
			}
			line = append(line, b[:n]...)
		}
		answer <- strings.ToLower(strings.TrimSpace(string(line)))
	})
	if !answered {
		return false
	}
	text := <-answer
	return text == "y" || text == "yes"
}

// beside has a target ask, and say what it is about, where its progress is drawn.
func beside(ctx context.Context, s *target.Settling, p *progress, name string) {
	if ask := s.Ask; ask != nil {
		s.Ask = func(question string) (yes bool) {
			p.aside(ctx, func() { yes = ask(question) })
			return yes
		}
	}
	s.Note = func(text string) { p.board.Note(name, text) }
}

// calling is the command with another tool, and its arguments where it needs some.
func (v *invocation) calling(tool string, arguments json.RawMessage) string {
	set := []flagValue{{name: "tool", value: tool}}
	if arguments != nil {
		set = append(set, flagValue{name: "args", value: string(arguments)})
	}
	return v.line(set...)
}
