package main

import (
	"cmp"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/scenarios/drive"
)

// targetFlags say which server, and how to reach it.
type targetFlags struct {
	reachFlags
	target.Asked
	profiles []string
	client   target.Manner
	given    func(string) bool // reports if a flag was given; nil in run
}

func (f *targetFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVar(&f.Servers, "server", nil, "server to judge, by its profile's `name` (repeatable; see "+
		"mcpload list servers)")
	flags.BoolVar(&f.All, "all", false, "judge every server that has a profile")
	flags.StringVar(&f.URL, "url", "", "attach to a running server at this MCP `endpoint`")
	flags.BoolVar(&f.Live, "live", false, "install and start the real server, by its profile's launch recipe, "+
		"instead of a mock")
	flags.BoolVar(&f.Offline, "offline", false, "with --live: install nothing, use what is there")
	flags.StringVar(&f.Rate, "rate", "", "promised `rate`, instead of the profile's: 12, 12/s, 300/1m, 0.5/s, or '8 "+
		"req/sec, burst 16'")
	flags.IntVar(&f.Burst, "burst", 0, "promised burst in `tokens`, instead of the profile's")
	flags.StringVar(&f.Scope, "scope", "", "`scope`, which says who shares a bucket: global, client, or more "+
		"exactly session or credential (default: the profile's)")
	flags.StringVar(&f.Against, "against", "declared", "`limit` to hold the server to: declared, or observed (what "+
		"its own code sets, as far as its profile knows)")
	flags.StringVar(&f.Tool, "tool", "", "`tool` to load the server with (default: the profile's, else one that says "+
		"that it is harmless)")
	flags.StringVar(&f.Args, "args", "", "arguments of the tool, as a `JSON` object")
	f.registerYes(flags)
	f.registerReach(cmd)
	flags.DurationVar(&f.Timeout, "timeout", 10*time.Second, "give up on a call after this long")
	flags.StringVar(&f.Fault, "fault", "", "`fault` of the mock, which breaks its promise so (see mcpload list faults)")
	flags.StringVar(&f.Shape, "shape", "", "`form` of the mock's refusals: fastmcp2, fastmcp4 or http429 "+
		"(default fastmcp2)")
	flags.StringVar(&f.Charge, "charge", "", "`requests` that the mock charges: all or tools (default all)")
	flags.BoolVar(&f.Embedded, "embedded", false, "have package ratelimit, the limiter that servers embed, keep the "+
		"mock's promise")
	flags.DurationVar(&f.Latency, "latency", 0, "how long the mock takes for a call (default: no time)")
}

// registerYes adds the flag of whoever agrees to a call that nobody named.
func (f *targetFlags) registerYes(flags *pflag.FlagSet) {
	flags.BoolVar(&f.Yes, "yes", false, "agree to call the tool that looks best, where none is named and none says "+
		"that it is harmless")
}

// registerReach adds the flags that say how a server is spoken to, and what counts as
// refused.
func (f *targetFlags) registerReach(cmd *cobra.Command) {
	f.reachFlags.register(cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&f.Refusals, "refusal", nil, "one more `sign` of a refusal: status=503, code=-32029, "+
		"text=REGEXP in any result, or reset (repeatable)")
	flags.StringArrayVar(&f.Excused, "not-refusal", nil, "`sign` of what is no refusal, though it looks like one: "+
		"status=503, code=-32029 or text=REGEXP (repeatable)")
	flags.StringVar(&f.Protocol, "protocol", "auto", "protocol `revision`: auto, 2026-07-28, 2025-11-25, ... "+
		"2024-11-05")
	flags.StringVar(&f.Transport, "transport", "auto", "`transport`: auto, http, sse, stdio or inprocess")
	flags.StringArrayVar(&f.profiles, "profiles", nil, "`folder` with profiles of your own (repeatable; ./mcpload.d "+
		"is read anyway)")
	f.registerReplyMemory(flags)
	registerManner(flags, &f.client)
}

// userProfiles is the folder of profiles that is read without being named.
const userProfiles = "mcpload.d"

// catalog loads the embedded profiles and the user's own.
func (a *app) catalog(dirs []string) (*profiles.Catalog, error) {
	if info, err := os.Stat(userProfiles); err == nil && info.IsDir() {
		dirs = append([]string{userProfiles}, dirs...)
	}
	c, err := profiles.Load(dirs...)
	if err != nil {
		return nil, err
	}
	for _, w := range c.Warnings() {
		a.say("warning: %s", w)
	}
	return c, nil
}

// jobs turns flags into what is to be judged, all checked before anything
// starts.
func (a *app) jobs(f *targetFlags, command []string) ([]drive.Job, error) {
	for _, u := range append([]string{f.URL}, f.Replicas...) {
		a.hide("--url", apikey.InURL(u)...)
	}
	f.Label, f.Env, f.Socket, f.Version = f.label, f.env, f.connection.Socket, version()
	if err := f.Consistent(command); err != nil {
		return nil, err
	}
	catalog, err := a.catalog(f.profiles)
	if err != nil {
		return nil, err
	}
	chosen, err := f.Asked.Profiles(catalog, command)
	if err != nil {
		return nil, err
	}
	if f.Header, err = a.headers("--header", f.headers); err != nil {
		return nil, err
	}
	given, err := a.given(f.env)
	if err != nil {
		return nil, err
	}
	memory, err := f.memory()
	if err != nil {
		return nil, err
	}
	var jobs []drive.Job
	for _, p := range chosen {
		if err := f.Override(&p); err != nil {
			return nil, err
		}
		j, err := a.job(f, p, command, given)
		if err != nil {
			return nil, err
		}
		j.Options.Memory = memory
		if j.Live != nil || len(command) > 0 {
			a.hideEnv(p)
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// job is one server of a promise and the flags.
func (a *app) job(f *targetFlags, p profiles.Profile, command, given []string) (j drive.Job, err error) {
	if j.Target, err = f.Target(p, command, os.LookupEnv, given); err != nil {
		return j, err
	}
	j.ServeMock = func(c mock.Config) ([]string, error) { return mockCommand(c, f.profiles) }
	j.Options.Redact = a.secrets.Redact
	if err := cmp.Or(f.client.Apply(&j.Target), a.reach(&f.reachFlags, &j.Target)); err != nil {
		return j, err
	}
	if j.Live != nil {
		j.Live.Path, j.Live.Passed = os.Getenv("PATH"), target.PassedOn(p, os.LookupEnv)
		j.Live.Given, j.Live.Made = given, a.secrets.Add
		j.Live.Config, err = a.launchConfig(f.Offline)
	}
	return j, err
}
