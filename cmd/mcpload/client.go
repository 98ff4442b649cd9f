package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/scenarios/drive"
)

// clientFlags say what kind of a client we are: what we answer when a server asks,
// and what we take.
type clientFlags struct {
	answers    []string
	getStream  string
	compressed bool
	maxMessage string
	ready      time.Duration
}

func (f *clientFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.answers, "answer", nil, "declare and answer what the server `asks`: sampling=FILE (the result), elicitation=accept or decline, roots=DIR (repeatable; else -32601, but ping)")
	flags.StringVar(&f.getStream, "get-stream", "auto", "listen to the server's own stream: auto (where it gives a session an id), on or off")
	flags.BoolVar(&f.compressed, "compressed", false, "offer the server to compress its replies: gzip, deflate, zstd")
	flags.DurationVar(&f.ready, "ready", 0, "how `long` a server that we start may take to answer (default: its profile's, else 30s)")
	flags.StringVar(&f.maxMessage, "max-message", "16MiB", "the longest `message` that is read, such as 64MiB")
}

// apply puts the flags into a job's options.
func (f *clientFlags) apply(j *drive.Job) error {
	switch {
	case f.ready < 0:
		return fmt.Errorf("--ready %s is below 0", f.ready)
	case f.ready > 0:
		j.Profile.Launch.Ready = f.ready
	}
	return f.speak(&j.Options)
}

// speak puts the flags into the wire's options.
func (f *clientFlags) speak(o *wire.Options) error {
	switch f.getStream {
	case "auto", "on":
		o.GetStream = wire.GetStream(f.getStream)
	case "off":
	default:
		return fmt.Errorf("--get-stream %q is none of auto, on, off", f.getStream)
	}
	o.Compressed = f.compressed
	var size float64
	var unit string
	if n, _ := fmt.Sscanf(f.maxMessage, "%f%s", &size, &unit); n != 2 || sizes[unit] == 0 || !(size*sizes[unit] >= 1<<16) || size*sizes[unit] > 1<<30 {
		return fmt.Errorf("--max-message %q is not from 64KiB to 1GiB", f.maxMessage)
	}
	o.MaxMessage = int(size * sizes[unit])
	for _, text := range f.answers {
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
		data, err := readGiven(value)
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
