package load

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/promise"
)

// Notations lists the ways to write a shape, with what they mean, for help
// texts and error messages.
var Notations = []struct{ Text, Doc string }{
	{"2000/s", "one rate; 0.5/s, 300/1m and 60/min too"},
	{"max", "as fast as connections allow: each sends again once it got its reply"},
	{"10/s..200/s@1m", "a ramp from one rate to another within a time"},
	{"50/s@30s,200/s@1m", "steps; each may be a ramp, the last may go on without an end"},
	{"sine 100/s ± 50/s every 1m", "a wave around a mean; +- for ± will do"},
	{"burst 16 every 10s on 12/s", "bursts on top of any of the others but max"},
}

// maxBurst bounds one burst, so that a slip of the finger doesn't take the
// machine down.
const maxBurst = 1_000_000

var (
	burstForm = regexp.MustCompile(`(?i)^burst\s+(\S+)\s+every\s+(\S+)\s+on\s+(.+)$`)
	sineForm  = regexp.MustCompile(`(?i)^sine\s+(.+?)\s*(?:±|\+/?-|~)\s*(.+?)\s+every\s+(\S+)$`)
	rampForm  = regexp.MustCompile(`(?i)^ramp\s+(.+?)\s+to\s+(.+?)\s+over\s+(\S+)$`)
)

// Help lists the shapes of a load, and what its arguments may hold.
func Help() string {
	list := []string{"Shapes for --rate:"}
	for _, n := range Notations {
		list = append(list, fmt.Sprintf("  %-28s %s", n.Text, n.Doc))
	}
	list = append(list, "", "Placeholders in --args and plans, such as {\"page\": \"{{counter}}\"}:")
	for _, p := range Placeholders {
		list = append(list, fmt.Sprintf("  {{%s}}%s %s", p.Text, strings.Repeat(" ", max(0, 20-len(p.Text))), p.Doc))
	}
	return strings.Join(list, "\n")
}

// ParseShape reads a rate or a shape in one of the Notations. The error quotes
// what it couldn't read and lists what it can.
func ParseShape(text string) (Shape, error) {
	s := Shape{Text: strings.TrimSpace(text)}
	if err := s.parse(s.Text); err != nil {
		why := strings.TrimPrefix(err.Error(), fmt.Sprintf("%q is not a rate, ", s.Text)) // once is enough
		return Shape{}, fmt.Errorf("%q is no rate: %s", text, why)
	}
	if _, err := strconv.ParseFloat(s.Text, 64); err == nil {
		s.Text += "/s" // as it is told
	}
	return s, nil
}

func (s *Shape) parse(text string) error {
	switch strings.ToLower(text) {
	case "":
		return fmt.Errorf("it is empty, want such as 2000/s")
	case "max":
		s.Max = true
		return nil
	}
	if m := burstForm.FindStringSubmatch(text); m != nil {
		return s.parseBurst(m[1], m[2], m[3])
	}
	if m := sineForm.FindStringSubmatch(text); m != nil {
		return s.parseSine(m[1], m[2], m[3])
	}
	if m := rampForm.FindStringSubmatch(text); m != nil {
		text = m[1] + ".." + m[2] + "@" + m[3]
	}
	for word, want := range map[string]string{"burst": Notations[5].Text, "sine": Notations[4].Text,
		"ramp": "ramp 10/s to 200/s over 1m"} {
		if strings.HasPrefix(strings.ToLower(text), word) {
			return fmt.Errorf("want such as %q", want)
		}
	}
	return s.parseLine(text)
}

func (s *Shape) parseBurst(size, every, on string) error {
	n, err := strconv.Atoi(size)
	if err != nil || n < 1 || n > maxBurst {
		return fmt.Errorf("burst %q is not a whole number from 1 to %d", size, maxBurst)
	}
	d, err := above0(every)
	if err != nil {
		return err
	}
	if err := s.parse(strings.TrimSpace(on)); err != nil {
		return err
	}
	if s.Max || s.Burst.Size > 0 {
		return fmt.Errorf("a burst stands on a rate, not on %q", strings.TrimSpace(on))
	}
	s.Burst = Burst{Size: n, Every: d}
	return nil
}

func (s *Shape) parseSine(mean, swing, every string) error {
	m, err := rate(mean)
	if err != nil {
		return err
	}
	a, err := rate(swing)
	if err != nil {
		return err
	}
	d, err := above0(every)
	switch {
	case err != nil:
		return err
	case m == 0:
		return fmt.Errorf("the mean %q is not above 0", mean)
	case a > m:
		return fmt.Errorf("it swings by %s around %s, so that it would fall below 0", swing, mean)
	}
	s.Curve = sine{mean: m, swing: a, period: d.Seconds()}
	return nil
}

// parseLine reads steps and ramps.
func (s *Shape) parseLine(text string) error {
	parts := strings.Split(text, ",")
	var l line
	var length time.Duration
	for i, part := range parts {
		rates, last, timed := strings.Cut(part, "@")
		from, to, ramped := strings.Cut(rates, "..")
		if !ramped {
			to = from
		}
		a, err := rate(from)
		if err != nil {
			return err
		}
		b, err := rate(to)
		if err != nil {
			return err
		}
		r := ramp{from: a, to: b, last: math.Inf(1)}
		if timed {
			d, err := above0(last)
			if err != nil {
				return err
			}
			r.last = d.Seconds()
			length += d
		} else {
			length = 0
			if ramped || i < len(parts)-1 {
				return fmt.Errorf("%q has no length, want such as %s@30s", strings.TrimSpace(part),
					strings.TrimSpace(rates))
			}
		}
		l = append(l, r)
	}
	if l.Hits(1e9) == 0 {
		return fmt.Errorf("it sends nothing")
	}
	s.Curve, s.Length = l, length
	return nil
}

// rate reads one rate; 0 is a pause.
func rate(text string) (float64, error) {
	text = strings.TrimSpace(text)
	if text == "0" || strings.HasPrefix(text, "0/") {
		return 0, nil
	}
	r, err := promise.ParseRate(text)
	if err != nil {
		return 0, err
	}
	return r, nil
}

func above0(text string) (time.Duration, error) {
	d, err := time.ParseDuration(strings.TrimSpace(text))
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q is not a time above 0, want such as 30s", strings.TrimSpace(text))
	}
	return d, nil
}
