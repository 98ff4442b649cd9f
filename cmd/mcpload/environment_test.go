package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPrivateEnv(t *testing.T) {
	dir := t.TempDir()
	for _, row := range []struct {
		name, value string
		want        bool
	}{
		{"API_KEY", "abc", true},
		{"SOMETHING", "hunter2-hunter2", true},
		{"SOMETHING", "/AbCdEfGhIjKl0123", true},
		{"DEBUG", "1", false},
		{"DEBUG", "", false},
		{"DATABASE_URL", "postgres://u:p@h/d", false}, // its password is registered by itself
		{"PYTHONPATH", dir + ":" + dir, false},
	} {
		assert.Equal(t, row.want, privateEnv(row.name, row.value), "%s=%s", row.name, row.value)
		if row.want {
			assert.Equal(t, row.name+"=…", flagValue{name: "env", value: row.name + "=" + row.value}.public())
		}
	}
	assert.Equal(t, []string{"mcpload", "run", "--env", "NAME", "--env", "API_KEY=…", "--env=API_KEY=…"},
		commandLine([]string{"x", "run", "--env", "NAME", "--env", "API_KEY=planted", "--env=API_KEY=planted"}))
}
