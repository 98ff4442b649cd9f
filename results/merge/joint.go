package merge

import (
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
)

// SaveJoint writes what Joint hands out to a file, compressed if its name ends in .gz, and
// says how far it can be trusted. No name saves nothing.
func SaveJoint(name string, parts []Part, c Config) (said string, err error) {
	if name == "" {
		return "", nil
	}
	off, err := saveJoint(name, parts, c)
	if err != nil {
		return "", fmt.Errorf("cannot save the history: %w", err)
	}
	return fmt.Sprintf("each instant in %s is within %s: mcpload verify judges it with --clock-error %s", name, off,
		off+1), nil
}

func saveJoint(name string, parts []Part, c Config) (off time.Duration, err error) {
	file, err := os.Create(name)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	out, end := history.NewWriter(file), func() error { return nil }
	if strings.HasSuffix(name, ".gz") {
		z := gzip.NewWriter(file)
		out, end = history.NewWriter(z), z.Close
	}
	off, err = Joint(parts, c, out.Write)
	return off, errors.Join(err, out.Flush(), end())
}
