package apikey_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mcpload/mcpload/apikey"
)

// FuzzCheck: whatever the value, every provider has a verdict, an error text
// doesn't repeat it, and white space around it is never good.
func FuzzCheck(f *testing.F) {
	f.Add("your-api-key-here")
	f.Add("${KEY}")
	f.Add(" \n")
	f.Fuzz(func(t *testing.T, v string) {
		for _, p := range apikey.Providers() {
			r := p.Check(v)
			if len(v) >= 24 && !strings.Contains(p.Expected(), v) && strings.Contains(r.Detail+r.Warning+r.Format, v) {
				t.Fatalf("%s repeats the value", p)
			}
			if got := p.Check(v + "\n").Verdict; p.Secret() && got >= apikey.Unrecognised {
				t.Fatalf("%s takes a line break: %s", p, got)
			}
		}
	})
}

// FuzzRedact: redacting changes nothing but matches, twice is as good as once,
// and a writer gives the same whatever the split.
func FuzzRedact(f *testing.F) {
	f.Add("plain text", 3)
	f.Add("token ey"+"J%2eq2w3", 5)
	f.Add("aHVudGVyMmh1bnRlcjI= hunter2hunter2", 9)
	f.Fuzz(func(t *testing.T, text string, at int) {
		r := apikey.NewRedactor("hunter2hunter2")
		last := 0
		for _, m := range r.Find(text) {
			if m.Start < last || m.End <= m.Start || m.End > len(text) {
				t.Fatalf("match %+v of %d bytes behind %d", m, len(text), last)
			}
			last = m.End
		}
		if strings.Contains(r.Redact(text), "hunter2hunter2") {
			t.Fatal("a registered value is left")
		}
		cut := min(max(at, 0), len(text))
		var b bytes.Buffer
		w := r.Writer(&b)
		for _, piece := range []string{text[:cut], text[cut:]} {
			if _, err := io.WriteString(w, piece); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "hunter2hunter2") {
			t.Fatal("a registered value gets through a writer")
		}
	})
}

// FuzzMask: twelve or more characters stay hidden, or all.
func FuzzMask(f *testing.F) {
	f.Add("hunter2")
	f.Add("a secret of some length")
	f.Fuzz(func(t *testing.T, v string) {
		masked := apikey.Mask(v)
		if masked == "***" {
			return
		}
		before, after, ok := strings.Cut(masked, "***")
		if !ok || len(after) != 4 || !strings.HasPrefix(v, before) || !strings.HasSuffix(v, after) ||
			len(v)-len(before)-len(after) < 12 {
			t.Fatalf("%q of %d bytes", masked, len(v))
		}
	})
}

// TestSamplesProperty: what a provider makes up it takes, no other provider with
// formats takes for its own, and redaction leaves nothing of it.
func TestSamplesProperty(t *testing.T) {
	keys := known(t)
	var names []string
	for name := range keys {
		names = append(names, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "name")
		key := keys[name]
		around, after := rapid.StringMatching(`[ -~]{0,20}[ "=:]`).Draw(t, "around"),
			rapid.StringMatching(`[ ",;\n][ -~]{0,20}`).Draw(t, "after")
		out := apikey.Redact(around + before(name) + key + after)
		require.NotContains(t, out, key)
		require.Contains(t, out, "[redacted")
	})
}

// TestNoKeyInRepository: nothing that is tracked looks like a key, so that a
// secret scanner has nothing to find. It proves first that it would see one.
func TestNoKeyInRepository(t *testing.T) {
	planted := "x = \"" + provider(t, "openai").Sample(dice()) + "\"\n"
	require.NotEmpty(t, apikey.NewRedactor().Find(planted))
	root := filepath.Join("..")
	out, err := exec.Command("git", "-C", root, "ls-files", "-z").Output()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("git can't list the tracked files: %v", err)
		}
		t.Skipf("SKIPPED: git can't list the tracked files: %v", err)
	}
	files := strings.FieldsFunc(string(out), func(c rune) bool { return c == 0 })
	require.Greater(t, len(files), 100)
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // removed, and not committed yet
		}
		require.NoError(t, err)
		for _, m := range apikey.NewRedactor().Find(string(text)) {
			t.Errorf("%s:%d: looks like a key of %s %s", name, 1+bytes.Count(text[:m.Start], []byte("\n")), m.Family,
				m.Encoding)
		}
	}
}
