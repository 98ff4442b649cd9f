package drive

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/mcpload/mcpload/history"
)

// Named are the names of jobs' servers.
func Named(jobs []Job) (names []string) {
	for _, j := range jobs {
		names = append(names, j.Profile.Name)
	}
	return names
}

// Save writes the calls of servers as JSON Lines: those of the only one to a file of that
// name, of several to one each that is named after it. No name saves nothing. Clean is how
// the calls' keys are made of the servers' names.
func (h Histories) Save(name string, servers []string, clean func(string) string) error {
	for _, server := range servers {
		path := name
		if len(servers) > 1 {
			const ext = ".jsonl"
			path = strings.TrimSuffix(name, ext) + "-" + server + ext
		}
		if name == "" {
			continue
		}
		if err := writeHistory(path, h[clean(server)]); err != nil {
			return fmt.Errorf("cannot save the history: %w", err)
		}
	}
	return nil
}

func writeHistory(path string, calls []history.Call) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(history.Write(file, calls), file.Close())
}
