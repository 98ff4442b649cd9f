package launch

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/mcpload/mcpload/internal/hint"
)

// Folder is where servers are installed: below what $MCPLOAD_CACHE says, or else below the
// user's folder for caches.
func Folder(said string) (string, error) {
	if said == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return "", hint.New(fmt.Errorf("there is no folder to install servers in: %w", err),
				"name one with $MCPLOAD_CACHE")
		}
		said = filepath.Join(dir, "mcpload")
	}
	said, err := filepath.Abs(said)
	return filepath.Join(said, "servers"), err
}
