package profiles_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/mcpload/mcpload/profiles"
)

func Example() {
	dir, err := os.MkdirTemp("", "profiles")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	text := "limit: {rate: 300/1m, burst: 20}\ncall: {tool: search, arguments: {q: cats}}\n"
	if err := os.WriteFile(filepath.Join(dir, "mine.yaml"), []byte(text), 0o644); err != nil {
		log.Fatal(err)
	}

	catalog, err := profiles.Load(dir) // the nine embedded ones, and one's own
	if err != nil {
		log.Fatal(err)
	}
	mine, ok := catalog.Get("mine")
	fmt.Println(ok, mine.Limit.Rate, mine.Limit.Burst, mine.Call.Tool, string(mine.Call.Arguments))
	_, ok = catalog.Get("abc")
	fmt.Println(ok, catalog.Suggest("abc"))
	// Output:
	// true 5 20 search {"q":"cats"}
	// false acb
}

func ExampleParseLimit() {
	l, err := profiles.ParseLimit("8 req/sec, burst 16")
	fmt.Println(l.Rate, l.Burst, err)
	_, err = profiles.ParseLimit("often")
	fmt.Println(err)
	// Output:
	// 8 16 <nil>
	// "often" is not a rate, want such as "8 req/sec, burst 16"
}

func ExampleProfile_Loading() {
	p := profiles.ForURL(profiles.Limit{Rate: 10, Burst: 20}).Loading("search", []byte(`{"q":"cats"}`))
	fmt.Println(p.Call.Method, p.Call.Tool)
	least, most := p.Limit.Cost("tools/call")
	fmt.Println(least, most)
	// Output:
	// tools/call search
	// 1 1
}
