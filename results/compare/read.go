package compare

import (
	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
)

// Kept is a run that was kept.
type Kept interface {
	Name() string
	Run() (*results.Document, error)
	Histories() (map[string][]history.Call, error)
}

// Read reads the runs of a side. One whose calls can't be read is compared by its document,
// and warn is told why.
func Read[K Kept](list []K, warn func(error)) ([]Run, error) {
	var runs []Run
	for _, e := range list {
		doc, err := e.Run()
		if err != nil {
			return nil, err
		}
		histories, err := e.Histories()
		if err != nil {
			warn(err)
			histories = nil
		}
		runs = append(runs, Run{Name: e.Name(), Document: doc, Histories: histories})
	}
	return runs, nil
}
