package target

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/internal/wire"
)

// A Manner is what kind of a client we are, in the words of the flags that its errors
// name: what we answer when a server asks, and what we take.
type Manner struct {
	Answers    []string // such as elicitation=accept
	GetStream  string   // auto, on or off
	Compressed bool
	MaxMessage string // such as 16MiB
	Ready      time.Duration
}

// Apply puts it into a target.
func (g *Manner) Apply(t *Target) error {
	switch {
	case g.Ready < 0:
		return fmt.Errorf("--ready %s is below 0", g.Ready)
	case g.Ready > 0:
		t.Profile.Launch.Ready = g.Ready
	}
	return g.speak(&t.Options)
}

// speak puts it into the wire's options.
func (g *Manner) speak(o *wire.Options) error {
	switch g.GetStream {
	case "auto", "on":
		o.GetStream = wire.GetStream(g.GetStream)
	case "", "off":
	default:
		return fmt.Errorf("--get-stream %q is none of auto, on, off", g.GetStream)
	}
	o.Compressed = g.Compressed
	var size float64
	var unit string
	if g.MaxMessage == "" {
		g.MaxMessage = "16MiB" // where there is no flag
	}
	if n, _ := fmt.Sscanf(g.MaxMessage, "%f%s", &size, &unit); n != 2 || sizes[unit] == 0 ||
		!(size*sizes[unit] >= 1<<16) || size*sizes[unit] > 1<<30 {
		return fmt.Errorf("--max-message %q is not from 64KiB to 1GiB", g.MaxMessage)
	}
	o.MaxMessage = int(size * sizes[unit])
	for _, text := range g.Answers {
		if err := answer(&o.Answers, text); err != nil {
			return fmt.Errorf("--answer %s: %w", text, err)
		}
	}
	return nil
}

// sizes are the units of --max-message.
var sizes = map[string]float64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}

// answer reads one --answer.
func answer(a *wire.Answers, text string) error {
	what, value, _ := strings.Cut(text, "=")
	switch what {
	case "sampling":
		data, err := invoked.File(value, invoked.MostGiven)
		if err != nil {
			return err
		}
		var object map[string]any
		if err := json.Unmarshal(data, &object); err != nil {
			return fmt.Errorf("the file holds no JSON object: %w", err)
		}
		a.Sampling, err = json.Marshal(object) // in one line
		return err
	case "elicitation":
		if value != "accept" && value != "decline" {
			return fmt.Errorf("a user accepts or declines")
		}
		a.Elicitation = value
		return nil
	case "roots":
		dir, err := filepath.Abs(value)
		if err != nil {
			return err
		}
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return fmt.Errorf("there is no such folder")
		}
		a.Roots = append(a.Roots, dir)
		return nil
	}
	return fmt.Errorf("a server asks for sampling, elicitation or roots")
}
