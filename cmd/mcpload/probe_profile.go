package main

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/probe"
	"github.com/mcpload/mcpload/verdict"
)

// probedProfile is a profile that promises what was measured, as a file that
// run --profiles accepts.
func probedProfile(file string, j drive.Job, r probe.Report) ([]byte, error) {
	if r.Box == nil || math.IsInf(r.Box.Rate.Hi, 1) || math.IsInf(r.Box.Burst.Hi, 1) || r.Box.Rate.Hi > 3*r.Box.Rate.Lo {
		return nil, errors.New("a profile promises a token bucket, and none was measured")
	}
	p := profiles.ForURL(roundRate(r.Box.Rate), roundBurst(r.Box.Burst))
	if tool := j.Profile.Call.Tool; tool != "" {
		p = p.Loading(tool, j.Profile.Call.Arguments)
	}
	p.Name = profileName(file, j.Profile.Name)
	p.Doc = fmt.Sprintf("Measured by mcpload probe: %s, %d calls.", r.Box, r.Sent)
	p.Limit.Scope = profiles.Global
	if s := r.Scope.Answer; s == probe.PerSession || s == probe.PerIdentity || s == probe.PerConnection {
		p.Limit.Scope = profiles.Client
	}
	charge(&p, r.Costs)
	p.Call.Never, p.Call.Unsaid = j.Profile.Call.Never, false // what was measured is the cost of this call
	p.Refusal = j.Profile.Refusal
	for _, t := range r.Signal.Codes {
		if t.Number != 0 && !slices.Contains(p.Refusal.Codes, t.Number) {
			p.Refusal.Codes = append(p.Refusal.Codes, t.Number)
		}
	}
	place(&p, j)
	text, err := profiles.Format(p)
	if err != nil {
		return nil, err
	}
	if _, _, err := profiles.Parse(p.Name, text); err != nil { // a warning is shown when it is loaded
		return nil, err
	}
	return text, nil
}

// charge says what costs a token, as far as the probe could tell. What it
// couldn't may cost one.
func charge(p *profiles.Profile, costs []probe.Cost) {
	l := &p.Limit
	l.Presumed = false
	l.Charges, l.Free, l.MayCharge = []string{p.Call.Method}, nil, []string{"*"}
	for _, c := range costs {
		if strings.Contains(c.Kind, " ") || c.Kind == p.Call.Method || c.Kind == "notifications" {
			continue // no method
		}
		n, ok := c.Known()
		switch {
		case !ok:
		case n == 0:
			l.Free = append(l.Free, c.Kind)
		case n == 1:
			l.Charges = append(l.Charges, c.Kind)
		}
	}
	for _, c := range costs {
		if n, ok := c.Known(); ok && n == 0 && c.Kind == "notifications" {
			l.Free = append(l.Free, "notifications/initialized", "notifications/cancelled")
		}
	}
}

// place says how the server was reached.
func place(p *profiles.Profile, j drive.Job) {
	p.Launch = j.Profile.Launch
	if j.Kind == target.Command && len(j.Launch) == 0 {
		p.Launch.Command, p.Launch.Transport = j.Options.Command, "stdio"
		p.Launch.Host, p.Launch.Port, p.Launch.Path = "", 0, ""
	}
	if j.Kind != target.URL {
		return
	}
	u, err := url.Parse(j.Options.URL)
	if err != nil {
		return // it was dialled, so it can be parsed
	}
	host, port, err := net.SplitHostPort(u.Host)
	if err != nil {
		host = u.Host // the scheme's own port
	}
	p.Launch.Host, p.Launch.Path = host, u.Path
	if n, err := strconv.Atoi(port); err == nil {
		p.Launch.Port = n
	}
	if len(j.Launch) > 0 {
		p.Launch.Command = j.Launch
	}
}

// profileName is the name of the file, without its ending; of stdout the
// server's.
func profileName(file, server string) string {
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	if file == "-" {
		name = server
	}
	name = strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '.', c == '_':
			return c
		case 'A' <= c && c <= 'Z':
			return c - 'A' + 'a'
		}
		return '-'
	}, filepath.Base(name))
	return strings.Trim(name, "-._")
}

// roundRate is the roundest rate in a range: people configure 15, not 14.98.
// A limit in whole calls a minute is round too.
func roundRate(i verdict.Interval) float64 {
	for _, step := range []float64{10, 5, 1, 0.5, 1.0 / 6, 0.1, 1.0 / 60} {
		if x := math.Round((i.Lo+i.Hi)/2/step) * step; x >= i.Lo && x <= i.Hi && x > 0 {
			return x
		}
	}
	middle := (i.Lo + i.Hi) / 2
	for digits := range 9 {
		scale := math.Pow(10, float64(digits))
		if x := math.Round(middle*scale) / scale; x >= i.Lo && x <= i.Hi && x > 0 {
			return x
		}
	}
	return middle
}

// roundBurst is the whole number of tokens nearest to the middle of a range.
func roundBurst(i verdict.Interval) int { return max(1, int(math.Round((i.Lo+i.Hi)/2))) }
