package store

import (
	"fmt"
	"strings"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/screen"
)

// A Listing is the document of mcpload.results/v1: the kept runs, the newest first.
type Listing struct {
	Folder string   `json:"folder"` // of the store
	Runs   []*Entry `json:"runs"`
	Schema string   `json:"schema"`
}

// A Shown is the document of mcpload.environment/v1 as results show prints it.
type Shown struct {
	*Entry
	Folder string `json:"folder,omitempty"` // of the run; not in the stored file
}

// Show is the entry with where it is.
func (e *Entry) Show() Shown { return Shown{e, e.Path()} }

// Rows are runs of the store, a row each.
func (s *Store) Rows(list []*Entry) export.Rows {
	sheet := screen.Sheet{Header: []string{"run", "started (UTC)", "kind", "verdict", "servers", "target"},
		Spare: []string{"started (UTC)"}} // the run's name has it
	for _, e := range list {
		names, target := e.ServerNames()
		sheet.Add(e.ID, e.Started.UTC().Format("2006-01-02 15:04:05"), e.Kind, words.Dash(e.Verdict), names, target)
	}
	if list == nil {
		list = []*Entry{}
	}
	return export.Rows{Document: Listing{Schema: "mcpload.results/v1", Folder: s.Dir(), Runs: list},
		Sheets: []screen.Sheet{sheet}}
}

// ServerNames are the servers of a run, and how they were reached if it was the
// same for all.
func (e *Entry) ServerNames() (names, target string) {
	var list []string
	for i, s := range e.Servers {
		if s.Target != nil {
			identity := s.Target.Identity()
			if s.Target.Label == s.Server { // it stands beside it
				identity = strings.TrimSuffix(identity, " "+s.Server)
			}
			if i > 0 && target != identity {
				identity = "several"
			}
			target = identity
		}
		list = append(list, s.Server)
	}
	if len(list) > 3 {
		list = append(list[:2:2], fmt.Sprintf("%d more", len(e.Servers)-2))
	}
	return words.Dash(strings.Join(list, ", ")), words.Dash(target)
}
