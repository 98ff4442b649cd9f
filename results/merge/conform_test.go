package merge

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/conform"
	"github.com/mcpload/mcpload/verdict"
)

// tried are the shards of a conform, whose rows have drawn answers, and the whole that
// they are parts of.
func tried(seed uint64, of int) (parts []Part, whole results.Document) {
	r := rand.New(rand.NewPCG(seed, 1))
	list := make([]results.Server, of)
	all := results.Server{Server: "s"}
	for _, revision := range []string{"2025-11-25", "2024-11-05"} {
		own := make([][]results.ConformRow, of)
		var rows []results.ConformRow
		sends := 0
		for _, row := range conform.Rows() {
			said := func() results.ConformRow {
				answer := []string{results.RowPass, results.RowPass, results.RowPass, results.RowNotTestable,
					results.RowFail}[r.IntN(5)]
				return results.ConformRow{ID: row.ID, Level: "MUST", Says: row.Says, Answer: answer, Saw: answer}
			}
			if row.Watch == nil {
				one := said()
				rows = append(rows, one)
				own[sends%of] = append(own[sends%of], one)
				sends++
				continue
			}
			worst := results.ConformRow{}
			for i := range own {
				one := said()
				own[i] = append(own[i], one)
				if i == 0 || strength[one.Answer] > strength[worst.Answer] {
					worst = one
				}
			}
			rows = append(rows, worst)
		}
		for i := range list {
			list[i].Scenarios = append(list[i].Scenarios, results.NewConform(results.Conform{Protocol: revision,
				Rows: own[i]}, results.Counts{Sent: 10 + i}))
		}
		all.Scenarios = append(all.Scenarios, results.NewConform(results.Conform{Protocol: revision, Rows: rows},
			results.Counts{Sent: 10*of + of*(of-1)/2}))
	}
	for i := range list {
		list[i].Server, list[i].Shard = "s", &results.Shard{Part: i + 1, Of: of, Plan: "p"}
		parts = append(parts, Part{Name: fmt.Sprint("shard ", i+1),
			Document: &results.Document{Servers: []results.Server{list[i]}}})
	}
	whole.Servers = []results.Server{all}
	whole.Finish()
	return parts, whole
}

// What is merged of a conform's shards has each row once, in the order of the table, and
// the verdict of the whole.
func TestConformMergedIsUnsharded(t *testing.T) {
	for seed := range uint64(20) {
		parts, whole := tried(seed, 1+int(seed)%5)
		slices.Reverse(parts)
		merged, err := Runs(parts, Config{})
		require.NoError(t, err)
		var order []string
		for _, revision := range conform.Revisions() {
			order = append(order, "conform "+revision)
		}
		slices.SortFunc(whole.Servers[0].Scenarios, func(a, b results.Scenario) int {
			return slices.Index(order, a.Scenario) - slices.Index(order, b.Scenario)
		})
		require.Equal(t, whole.Servers[0].Scenarios, merged.Document.Servers[0].Scenarios)
		require.Equal(t, whole.Verdict, merged.Document.Verdict)
	}
}

// Where a shard is missing nothing passes for the whole.
func TestConformWithoutAShard(t *testing.T) {
	parts, _ := tried(1, 3)
	for i := range parts {
		for j := range parts[i].server().Scenarios {
			sc := &parts[i].server().Scenarios[j]
			for k := range sc.Conform.Rows {
				sc.Conform.Rows[k].Answer = results.RowPass
			}
			*sc = results.NewConform(*sc.Conform, sc.Calls)
		}
	}
	whole, err := Runs(parts, Config{})
	require.NoError(t, err)
	require.Equal(t, verdict.Pass, whole.Document.Verdict)
	whole, err = Runs(parts[:2], Config{})
	require.NoError(t, err)
	require.Equal(t, verdict.Inconclusive, whole.Document.Verdict)
	require.Contains(t, whole.Document.Servers[0].Scenarios[0].Conform.Ended, "shard 3 is missing")

	other := &results.Shard{Part: 3, Of: 3, Plan: "p"}
	parts[2].Document = &results.Document{Servers: []results.Server{{Server: "s", Shard: other}}}
	_, err = Runs(parts, Config{})
	require.ErrorContains(t, err, "parts of different plans")
}

// A note holds where all say so; one about a baseline where no answer contradicts it.
func TestNotesOfAConform(t *testing.T) {
	rows := []results.ConformRow{{ID: "A", Answer: results.RowFail}, {ID: "B", Answer: results.RowPass}}
	whole := []results.Scenario{results.NewConform(results.Conform{Protocol: "r", Rows: rows}, results.Counts{})}
	parts, _ := tried(1, 2)
	parts[0].server().Notes, parts[1].server().Notes = []string{"both", "one"}, []string{"both"}
	for note, want := range map[string]bool{"both": true, "one": false,
		"the baseline's A fails no more: take it off the list": false, "the baseline's B fails no more: take it off " +
			"the list": true,
		"the baseline's A in r could not be judged here": false, "the baseline's C could not be judged here": true,
		"the baseline's A in q fails no more: take it off the list": true} {
		require.Equal(t, want, holds(note, parts, whole), note)
	}
}
