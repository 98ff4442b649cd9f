package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/internal/revision"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results/store"
)

// completeAs says what each flag's value can be, for shells that complete a command
// line. Completing sends nothing to any server: tools are those that kept runs called.
func completeAs() map[string]func(*cobra.Command) []string {
	fixed := func(list ...string) func(*cobra.Command) []string {
		return func(*cobra.Command) []string { return list }
	}
	return map[string]func(*cobra.Command) []string{
		"server":        serverNamesOf,
		"scenario":      func(*cobra.Command) []string { return append(scenarioNames(), "all") },
		"fault":         func(*cobra.Command) []string { return mockFaults() },
		"startup-fault": func(*cobra.Command) []string { return startFaults() },
		"tool":          calledTools,
		"protocol":      fixed(append([]string{"auto"}, revision.All()...)...),
		"allow":         fixed("flood", "forgery"),
		"transport":     fixed("auto", "http", "sse", "stdio"),
		"scope":         fixed("global", "client", "session", "credential"),
		"shape":         fixed("fastmcp2", "fastmcp4", "http429"),
		"shard":         fixed("auto"),
		"against":       fixed("declared", "observed"),
		"verdict":       fixed("pass", "fail", "inconclusive"),
	}
}

// complete gives every command's flags and arguments their completions.
func (a *app) complete(cmd *cobra.Command) {
	for name, list := range completeAs() {
		if cmd.Flags().Lookup(name) == nil {
			continue
		}
		_ = cmd.RegisterFlagCompletionFunc(name, func(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
			return beginning(typed, list(c)), cobra.ShellCompDirectiveNoFileComp
		}) // it only fails where there is no such flag, or it has one
	}
	if strings.Contains(cmd.Use, "RUN") || cmd.Name() == "compare" || cmd.Name() == "merge" {
		cmd.ValidArgsFunction = func(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
			return beginning(typed, keptNames(c)), cobra.ShellCompDirectiveDefault
		}
	}
	for _, c := range cmd.Commands() {
		a.complete(c)
	}
}

// beginning is what of a list begins as typed, behind the last comma.
func beginning(typed string, list []string) (out []string) {
	head := ""
	if i := strings.LastIndexByte(typed, ','); i >= 0 {
		head, typed = typed[:i+1], typed[i+1:]
	}
	for _, s := range list {
		if strings.HasPrefix(s, typed) {
			out = append(out, head+s)
		}
	}
	return out
}

func serverNamesOf(cmd *cobra.Command) (names []string) {
	dirs, _ := cmd.Flags().GetStringArray("profiles") // a command without the flag has the embedded ones
	catalog, err := profiles.Load(dirs...)
	if err != nil {
		return nil
	}
	for _, p := range catalog.All() {
		names = append(names, p.Name)
	}
	return names
}

func scenarioNames() (names []string) {
	for _, s := range everyScenario() {
		names = append(names, s.Name+"\t"+s.Doc)
	}
	return names
}

func mockFaults() (names []string) {
	for _, f := range append(mock.Faults(), mock.AuditFaults()...) {
		names = append(names, f.Name+"\t"+f.Doc)
	}
	return names
}

func startFaults() (names []string) {
	for _, f := range mock.StartFaults() {
		names = append(names, f.Name+"\t"+f.Doc)
	}
	return names
}

// newest are the newest runs of the store that a command would read.
func newest(cmd *cobra.Command) []*store.Entry {
	var f storeFlags
	f.dir, _ = cmd.Flags().GetString("results") // a command without the flag has the usual folder
	s, err := f.open()
	if err != nil {
		return nil
	}
	list, _, err := s.List(store.Filter{Limit: 50})
	if err != nil {
		return nil
	}
	return list
}

func keptNames(cmd *cobra.Command) []string {
	names := []string{"last\tthe newest run", "last-pass\tthe newest that passed"}
	for _, e := range newest(cmd) {
		servers, _ := serverNames(e)
		names = append(names, e.ID+"\t"+strings.Join([]string{e.Kind, e.Verdict, servers}, " "))
	}
	return names
}

// calledTools are the tools that the newest runs called.
func calledTools(cmd *cobra.Command) (names []string) {
	runs := newest(cmd)
	for _, e := range runs[:min(10, len(runs))] { // a document may be large, and a shell waits
		doc, err := e.Run()
		if err != nil {
			continue // a run of another kind, or a damaged one
		}
		for _, s := range doc.Servers {
			if s.Target.Call != nil && s.Target.Call.Tool != "" && !slices.Contains(names, s.Target.Call.Tool) {
				names = append(names, s.Target.Call.Tool)
			}
		}
	}
	return names
}
