package invoked

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
		assert.Equal(t, row.want, Private(row.name, row.value), "%s=%s", row.name, row.value)
		if row.want {
			assert.Equal(t, row.name+"=…", Flag{Name: "env", Value: row.name + "=" + row.value}.Public())
		}
	}
	assert.Equal(t, []string{"mcpload", "run", "--env", "NAME", "--env", "API_KEY=…", "--env=API_KEY=…"},
		Kept([]string{"x", "run", "--env", "NAME", "--env", "API_KEY=planted", "--env=API_KEY=planted"}))
}

func TestCommandLineKeepsNoArguments(t *testing.T) {
	assert.Equal(t, []string{"mcpload", "run", "--args", "…", "--args=…", "--", "python", "…"},
		Kept([]string{"/x/mcpload", "run", "--args", `{"a":1}`, `--args={"b":2}`, "--", "python", "--key", "v"}))
}

// A header that is no header may be the secret itself.
func TestHeadersAreNotShown(t *testing.T) {
	for _, text := range []string{"Authorization Bearer hunter2hunter2", "hunter2hunter2", "hunter2 hunter2: x",
		": hunter2hunter2", "\x1b[31mhunter2: x"} {
		_, err := Headers([]string{"X-Good: fine", text}, nil)
		require.ErrorContains(t, err, "number 2 is not of the form 'Name: value'")
		require.NotContains(t, err.Error(), "hunter2")
	}
}

// Headers and variables are filled in from the environment, and what isn't there is named.
func TestFromTheEnvironment(t *testing.T) {
	look := func(name string) (string, bool) { return "v-" + name, name != "GONE" }
	h, err := Headers([]string{"Authorization: Bearer $TOKEN", "X-A: ${B}c"}, look)
	require.NoError(t, err)
	assert.Equal(t, "Bearer v-TOKEN", h.Get("Authorization"))
	assert.Equal(t, "v-Bc", h.Get("X-A"))
	_, err = Headers([]string{"X-A: $GONE"}, look)
	require.EqualError(t, err, "X-A: the environment has no variable GONE")
	env, err := Environment([]string{"A", "B=x=y"}, look)
	require.NoError(t, err)
	assert.Equal(t, []string{"A=v-A", "B=x=y"}, env)
	_, err = Environment([]string{"GONE"}, look)
	require.EqualError(t, err, "GONE: the environment has no variable GONE")
	_, err = Environment([]string{"A", "hunter2 hunter2"}, look)
	require.EqualError(t, err, "number 2 doesn't begin with the name of a variable")
}
