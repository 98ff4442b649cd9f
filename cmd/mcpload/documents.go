package main

import (
	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/store"
	"github.com/mcpload/mcpload/scenarios/drive"
)

// The documents that commands print with --format json, and that have no package of
// their own. docs/schemas has the schema of each.
type (
	// planJSON is the document of mcpload.plan/v1: what a run would send.
	planJSON struct {
		Calls  []plannedCall `json:"calls"`
		Limit  results.Limit `json:"limit"`
		Schema string        `json:"schema"`
		Seed   uint64        `json:"seed"`
		Server string        `json:"server"`
	}
	// powerJSON is the document of mcpload.power/v1: the smallest errors that are caught.
	powerJSON struct {
		Power  []drive.PowerRow `json:"power"`
		Runs   int              `json:"runs"` // that an error must be caught in, all of them
		Schema string           `json:"schema"`
	}
	// keyJSON is the document of mcpload.key/v1: what a value is. It holds nothing of it.
	keyJSON struct {
		Detail   string `json:"detail"`   // what is wrong; empty where nothing is
		Expected string `json:"expected"` // what the provider issues, in words
		Format   string `json:"format"`   // which format it is, or looks like
		From     string `json:"from"`     // where the value came from: a variable's name, or standard input
		Masked   string `json:"masked"`   // the value, masked; empty where that would say too much
		Provider string `json:"provider"`
		Schema   string `json:"schema"`
		Verdict  string `json:"verdict"` // "valid", "unrecognised", "malformed", "wrong family", "placeholder", "blank" or "missing"
		Warning  string `json:"warning"` // what is odd about a value that isn't bad
	}
	// keysJSON is the document of mcpload.keys/v1: the providers that are known.
	keysJSON struct {
		Providers []providerJSON `json:"providers"`
		Schema    string         `json:"schema"`
	}
	// A providerJSON is one provider.
	providerJSON struct {
		Doc      string          `json:"doc"`
		Expected string          `json:"expected"` // in words
		Formats  []apikey.Format `json:"formats"`
		Name     string          `json:"name"`
		Where    string          `json:"where"` // where one gets a key
	}
	// scanJSON is the document of mcpload.scan/v1: where a text holds credentials.
	scanJSON struct {
		File   string      `json:"file"`
		Found  []foundJSON `json:"found"`
		Schema string      `json:"schema"`
	}
	// A foundJSON is one credential.
	foundJSON struct {
		Bytes    int    `json:"bytes"`    // its length
		Column   int    `json:"column"`   // in bytes, from 1
		Encoding string `json:"encoding"` // such as base64; empty where it stands as it is
		Family   string `json:"family"`   // such as openai
		Line     int    `json:"line"`     // from 1
		Masked   string `json:"masked"`
	}
	// keptJSON is the document of mcpload.results/v1: the kept runs, the newest first.
	keptJSON struct {
		Folder string         `json:"folder"` // of the store
		Runs   []*store.Entry `json:"runs"`
		Schema string         `json:"schema"`
	}
	// shownJSON is the document of mcpload.environment/v1 as results show prints it.
	shownJSON struct {
		*store.Entry
		Folder string `json:"folder,omitempty"` // of the run; not in the stored file
	}
)
