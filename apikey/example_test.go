package apikey_test

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"

	"github.com/mcpload/mcpload/apikey"
)

// environment stands in for the process's own, so that the example needs none:
// a server passes os.LookupEnv.
func environment(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := values[name]; return v, ok }
}

// A server checks its credentials and protects its log in three lines.
func ExampleStartup() {
	github, _ := apikey.Lookup("github") // it is in the table
	key := github.Sample(rand.New(rand.NewPCG(1, 1)))
	lookup := environment(map[string]string{"GITHUB_TOKEN": key})

	spec := apikey.Spec{Credentials: []apikey.Credential{{Env: "GITHUB_TOKEN", Provider: "github"}}}
	report, err := apikey.Startup(spec, lookup)
	log := slog.New(report.Redactor().Handler(slog.NewTextHandler(os.Stdout,
		&slog.HandlerOptions{ReplaceAttr: timeless})))

	fmt.Println(err)
	log.Info("calling", "url", "https://api.example/?token="+key)
	// Output:
	// <nil>
	// level=INFO msg=calling url="https://api.example/?token=[redacted github]"
}

// All faults come at once, and none shows a value.
func ExampleStartup_faults() {
	lookup := environment(map[string]string{"OPENAI_API_KEY": "your-api-key-here", "PORT": "80000"})
	_, err := apikey.Startup(apikey.Spec{Credentials: []apikey.Credential{
		{Env: "OPENAI_API_KEY", Provider: "openai"},
		{Env: "MAILGUN_API_KEY", Provider: "mailgun"},
		{Env: "PORT", Provider: "port"},
	}}, lookup)
	fmt.Println(err)
	fmt.Println(errors.Is(err, apikey.ErrPlaceholder), errors.Is(err, apikey.ErrMissing),
		errors.Is(err, apikey.ErrBlank))
	// Output:
	// apikey: OPENAI_API_KEY is a template's text; expected for openai: sk-proj- and 124 or more letters, digits, _ or -; get one at platform.openai.com/api-keys
	// apikey: MAILGUN_API_KEY is not set; expected for mailgun: 32 hex digits, or 32-8-8; get one at app.mailgun.com/settings/api_security
	// apikey: PORT is not from 1 to 65535; expected for port: a number from 1 to 65535
	// true true false
}

func timeless(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
